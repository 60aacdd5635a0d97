// The door of engines that are browsers: a server on the loopback interface, whose page
// is a worker. It asks for requests and posts answers, so that any browser which shows a
// page will do, without a driver. All paths start with a secret of this server's own.

import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join, normalize, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Child, Door, DoorListener } from "./door.js";

/** Other engines run JavaScript only: `dist`, from `src` too. */
const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};
/** Browsers give up requests that nothing comes of: the page asks again. */
const PATIENCE_MS = 20_000;

const PAGE = `<!doctype html><meta charset="utf-8"><title>Bobbin</title><link rel="icon" href="data:,">
<script>
  const tell = (text) => fetch("said", { method: "POST", body: text });
  addEventListener("error", (event) => tell(event.message || "a script cannot be loaded"), true);
  addEventListener("unhandledrejection", (event) => tell(String(event.reason)));
</script>
<script type="module" src="dist/cli/engine-page.js"></script>`;

/** Makes a profile in an empty folder. @returns the arguments that say so */
export type Profile = (folder: string) => readonly string[];

export class PageDoor implements Door {
  readonly args: readonly string[];
  private readonly folder = mkdtempSync(join(tmpdir(), "bobbin-engine-"));
  private readonly root: string;
  /** Of host scripts, by number. */
  private readonly folders: string[] = [];
  private readonly requests: string[] = [];
  private waiting: ServerResponse | null = null;
  private listener: DoorListener | null = null;

  static async open(profile: Profile): Promise<PageDoor> {
    const secret = randomBytes(16).toString("hex");
    let door: PageDoor | null = null;
    const server = createServer((request, response) => door?.handle(request, response));
    await new Promise<void>((done, fail) => {
      server.once("error", fail).listen(0, "127.0.0.1", () => done());
    });
    door = new PageDoor(server, secret, profile);
    return door;
  }

  private constructor(
    private readonly server: Server,
    private readonly secret: string,
    profile: Profile,
  ) {
    const { port } = server.address() as AddressInfo;
    this.root = `http://127.0.0.1:${port}/${secret}/`;
    this.args = [...profile(this.folder), `${this.root}page`];
  }

  urlOf(file: string): string {
    const folder = dirname(resolve(file));
    if (!this.folders.includes(folder)) this.folders.push(folder);
    const number = this.folders.indexOf(folder);
    return `${this.root}files/${number}/${encodeURIComponent(basename(file))}`;
  }

  attach(child: Child, listener: DoorListener): void {
    this.listener = listener;
    child.stdin.on("error", () => undefined).end();
    child.stdout.setEncoding("utf8").on("data", (text: string) => listener.said(text));
  }

  send(text: string): void {
    this.requests.push(text);
    this.deliver();
  }

  close(): void {
    this.listener = null;
    this.server.close();
    this.server.closeAllConnections();
    // The browser may still be writing to its profile while it is being ended.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  private deliver(): void {
    if (this.waiting === null || this.requests.length === 0) return;
    this.waiting.end(this.requests.shift());
    this.waiting = null;
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? "/", this.root);
    const [, secret, what = "", ...rest] = pathname.split("/");
    // With these two, memories may be shared.
    response.setHeader("cross-origin-opener-policy", "same-origin");
    response.setHeader("cross-origin-embedder-policy", "require-corp");
    response.setHeader("cache-control", "no-store");
    if (secret !== this.secret) return refuse(response);
    switch (what) {
      case "page":
        response.setHeader("content-type", "text/html; charset=utf-8").end(PAGE);
        return;
      case "dist":
        return serve(response, DIST, rest);
      case "files": {
        const folder = this.folders[Number(rest[0])];
        return folder === undefined ? refuse(response) : serve(response, folder, rest.slice(1));
      }
      case "next":
        return this.wait(response);
      case "alive":
        return this.stayOpen(response);
      case "answer":
        return receive(request, response, (text) => this.listener?.answer(text));
      case "said":
        return receive(request, response, (text) => this.listener?.said(`${text}\n`));
      default:
        return refuse(response);
    }
  }

  private wait(response: ServerResponse): void {
    this.waiting = response;
    const timer = setTimeout(() => {
      if (this.waiting === response) this.waiting = null;
      response.writeHead(204).end();
    }, PATIENCE_MS);
    response.on("close", () => {
      clearTimeout(timer);
      if (this.waiting === response) this.waiting = null;
    });
    this.deliver();
  }

  /** A response without end: it is closed by the browser when it loses the page. */
  private stayOpen(response: ServerResponse): void {
    response.write(" ");
    const timer = setInterval(() => response.write(" "), PATIENCE_MS);
    response.on("close", () => {
      clearInterval(timer);
      this.listener?.gone();
    });
  }
}

function refuse(response: ServerResponse): void {
  response.writeHead(404).end();
}

function serve(response: ServerResponse, folder: string, path: readonly string[]): void {
  const file = normalize(join(folder, ...path.map(decodeURIComponent)));
  const inside = file.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  const type = TYPES[extname(file)];
  if (!inside || type === undefined) return refuse(response);
  try {
    const content = readFileSync(file);
    response.setHeader("content-type", type).end(content);
  } catch {
    refuse(response);
  }
}

function receive(
  request: IncomingMessage,
  response: ServerResponse,
  then: (text: string) => void,
): void {
  let text = "";
  request.setEncoding("utf8");
  request.on("data", (part: string) => (text += part));
  request.on("end", () => {
    response.writeHead(204).end();
    then(text);
  });
}
