// The page in real browsers: built once, served from a folder of a server of its own.

import { execFileSync } from "node:child_process";
import { createServer, type Server } from "node:http";
import { existsSync, mkdtempSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer, { type Browser, type Page } from "puppeteer-core";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
};
const inRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The site works from any folder. */
const FOLDER = "/some/folder/";

export interface Site {
  /** Ends with a slash. */
  readonly address: string;
  readonly folder: string;
  /** Paths that were asked for and are none of the site's. */
  readonly missing: readonly string[];
  close(): Promise<void>;
}

export async function serveSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), "bobbin-web-"));
  // In a process of its own: jest gives its tests other globals than native code knows.
  const argv = ["build", "-c", inRoot("web/vite.config.ts"), "--outDir", folder];
  execFileSync(process.execPath, [inRoot("node_modules/vite/bin/vite.js"), ...argv]);
  const missing: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, "http://host");
    const inside = pathname.startsWith(FOLDER) ? pathname.slice(FOLDER.length) || "index.html" : "";
    const file = join(folder, normalize(`/${inside}`));
    readFile(file).then(
      (bytes) => response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "" }).end(bytes),
      () => {
        missing.push(pathname);
        response.writeHead(404).end();
      },
    );
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const close = () => closed(server);
  return { address: `http://127.0.0.1:${port}${FOLDER}`, folder, missing, close };
}

const closed = (server: Server): Promise<void> =>
  new Promise((done) => {
    server.closeAllConnections();
    server.close(() => done());
  });

export interface BrowserChoice {
  readonly name: "chrome" | "firefox";
  readonly path: string | undefined;
}

const firstOf = (...paths: readonly string[]): string | undefined => paths.find(existsSync);

/** What there is on this machine. */
export const BROWSERS: readonly BrowserChoice[] = [
  {
    name: "chrome",
    path: process.env["BOBBIN_CHROME"] ?? firstOf("/usr/bin/chromium", "/usr/bin/google-chrome"),
  },
  {
    name: "firefox",
    path: process.env["BOBBIN_FIREFOX"] ?? firstOf("/usr/bin/firefox-esr", "/usr/bin/firefox"),
  },
];

/** A name of this machine that browsers do not trust, as they do their own. */
const PLAIN_HOST = "plain.test";

/** The same site as a page of plain http. */
export const byPlainHttp = (site: Site): Site => ({
  ...site,
  address: site.address.replace("127.0.0.1", PLAIN_HOST),
});

export const launch = ({ name, path }: BrowserChoice): Promise<Browser> =>
  puppeteer.launch({
    browser: name,
    executablePath: path!,
    headless: true,
    extraPrefsFirefox: { "network.dns.localDomains": PLAIN_HOST },
    args: name === "chrome" ? [`--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`, "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] : [], // prettier-ignore
  });

/** A page, and what went wrong in it. */
export interface Opened {
  readonly page: Page;
  /** Errors that nobody caught, and addresses that are not the site's. */
  readonly faults: string[];
}

export async function openPage(browser: Browser, site: Site, rest = ""): Promise<Opened> {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 900 });
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(site.address) && !/^(?:data|blob):/.test(url))
      faults.push(`asked for ${url}`);
  });
  await page.goto(site.address + rest);
  await page.waitForSelector(".lamp");
  return { page, faults };
}

export const textOf = (page: Page, selector: string): Promise<string> =>
  page.$eval(selector, (element) => element.textContent ?? "");

/** Replaces the program in the editor. */
export async function write(page: Page, text: string): Promise<void> {
  await page.waitForSelector(".cm-content");
  // As if it was pasted: keys would be taken for brackets to close and lines to indent.
  await page.evaluate((pasted) => {
    const content = document.querySelector<HTMLElement>(".cm-content")!;
    content.focus();
    document.execCommand("selectAll");
    const data = new DataTransfer();
    data.setData("text/plain", pasted);
    // Firefox takes no clipboard from a script, but the text.
    const init = { clipboardData: data, dataType: "text/plain", data: pasted };
    content.dispatchEvent(
      new ClipboardEvent("paste", { ...init, bubbles: true, cancelable: true }),
    );
  }, text);
}

/**
 * Shares what a page shows, and opens the link: the same program at the same place.
 * @returns what went wrong in the page that was opened
 */
export async function shared(page: Page, browser: Browser, site: Site): Promise<string[]> {
  const where = await page.$eval(".where", (element) => element.textContent);
  await page.click("header button");
  await page.waitForFunction(() => location.hash.startsWith("#program="));
  const other = await openPage(browser, site, await page.evaluate(() => location.hash));
  await other.page.waitForFunction((text) => document.querySelector(".where")!.textContent === text, {}, where); // prettier-ignore
  await other.page.close();
  return other.faults;
}
