// The pictures of the README: the page at some places of a run. As a program it makes them
// (`npm run build:web` first; the browser is Chromium, or what BOBBIN_CHROME names); a test
// holds them against what the page looks like.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";

/** A lesson, how many events to go on by, and the theme. */
export const PICTURES = [
  { name: "crossing.png", lesson: 8, events: 7, theme: "light" },
  { name: "rewinding.png", lesson: 6, events: 6, theme: "dark" },
];
export const SIZE = { width: 1440, height: 900 };

/** Brings a page to where a picture is taken. */
export async function show(page, address, { lesson, events, theme }) {
  await page.setViewport(SIZE);
  await page.goto("about:blank");
  await page.goto(`${address}#lesson=${lesson}`);
  await page.evaluate((chosen) => (document.documentElement.dataset.theme = chosen), theme);
  await page.waitForSelector("#machine[aria-busy=false]");
  await page.waitForSelector(".cm-content");
  for (let i = 0; i < events; i++) {
    const before = await page.$eval(".where", (element) => element.textContent);
    await page.click('button[aria-label="To the next event"]');
    await page.waitForFunction((text) => document.querySelector(".where").textContent !== text, {}, before); // prettier-ignore
  }
  // What a click leaves behind, and a cursor that blinks.
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement?.blur());
  await page.evaluate(() => new Promise((done) => setTimeout(done, 300)));
}

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" }; // prettier-ignore

async function make() {
  const site = new URL("../dist-web/", import.meta.url);
  const server = createServer(async ({ url }, response) => {
    const path = new URL(url, "http://host").pathname.slice(1) || "index.html";
    try {
      const bytes = await readFile(new URL(path, site));
      response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "" }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const browser = await puppeteer.launch({
    executablePath: process.env.BOBBIN_CHROME ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  const page = await browser.newPage();
  for (const picture of PICTURES) {
    await show(page, `http://127.0.0.1:${server.address().port}/`, picture);
    const path = fileURLToPath(new URL(`../docs/pictures/${picture.name}`, import.meta.url));
    await page.screenshot({ path });
    console.log(path);
  }
  await browser.close();
  server.close();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await make();
