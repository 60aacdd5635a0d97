import { render } from "preact";
import { App } from "./app.js";
import { readAddress } from "./share.js";
import "./style.css";

const embedded = new URLSearchParams(location.search).has("embed");
const asked = await readAddress(location.hash);
render(<App asked={asked} embedded={embedded} />, document.querySelector("#app")!);
