// The same in two worker threads at once. node workers.mjs MODULE HOST EXPORT NUMBER...

import { Worker } from "node:worker_threads";

const drive = new URL("drive.mjs", import.meta.url);
const argv = process.argv.slice(2);
const ended = [1, 2].map(() => new Promise((done) => new Worker(drive, { argv }).on("exit", done)));
console.log("exit", ...(await Promise.all(ended)));
