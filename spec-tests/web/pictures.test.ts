// The pictures of the README show the page as it is. They were made by Chromium with the fonts
// of one machine: where letters have other widths, there is nothing to compare.

import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "@jest/globals";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import type { Browser } from "puppeteer-core";
import { PICTURES, show } from "../../web/pictures.mjs";
import { skipLoudly } from "../skip.js";
import { BROWSERS, launch, serveSite } from "./browser.js";

const chrome = BROWSERS.find(({ name, path }) => name === "chrome" && path !== undefined);
/** Of the widest text of a picture's fonts, in pixels. */
const PROBE = { text: "Stand here and see the stack unwind 0123456789", widths: [405, 388] };
/** Pixels that may differ: smoothing of letters does, from version to version. */
const TOLERANCE = 0.01;

/** Whether letters are as wide as where the pictures were made. */
async function hasFonts(browser: Browser): Promise<boolean> {
  const page = await browser.newPage();
  const widths = await page.evaluate((text) => {
    const pen = document.createElement("canvas").getContext("2d")!;
    return ["16px system-ui, sans-serif", "14px ui-monospace, Menlo, monospace"].map((font) => {
      pen.font = font;
      return Math.round(pen.measureText(text).width);
    });
  }, PROBE.text);
  await page.close();
  return widths.join() === PROBE.widths.join();
}

const browser = chrome === undefined ? null : await launch(chrome);
afterAll(() => browser?.close());

if (browser === null) skipLoudly("SKIPPED: no Chromium is here to take pictures with");
else if (!(await hasFonts(browser)))
  skipLoudly("SKIPPED: the fonts here are not those that the pictures were made with");
else
  test("pictures are what the page looks like", async () => {
    const site = await serveSite();
    const page = await browser.newPage();
    for (const picture of PICTURES) {
      await show(page, site.address, picture);
      const found = PNG.sync.read(Buffer.from(await page.screenshot()));
      const file = new URL(`../../docs/pictures/${picture.name}`, import.meta.url);
      const kept = PNG.sync.read(readFileSync(file));
      expect([found.width, found.height]).toEqual([kept.width, kept.height]);
      const { width, height } = kept;
      const differing = pixelmatch(found.data, kept.data, undefined, width, height);
      const differs = differing > TOLERANCE * width * height;
      // `npm run build:web && node web/pictures.mjs` makes them anew.
      expect({ picture: picture.name, differs }).toEqual({ picture: picture.name, differs: false });
    }
    await site.close();
  });
