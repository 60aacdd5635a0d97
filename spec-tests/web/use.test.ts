// The page when it is used hard: by keys, in a hurry, with programs that do not end, and from
// a server that browsers do not trust.

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Browser, Page } from "puppeteer-core";
import {
  BROWSERS,
  byPlainHttp,
  launch,
  openPage,
  serveSite,
  shared,
  type Site,
  textOf,
  write,
} from "./browser.js";

let site: Site;
beforeAll(async () => {
  site = await serveSite();
});
afterAll(() => site?.close());

const standsAt = (page: Page, time: number | string) =>
  page.waitForFunction((at) => document.querySelector(".where")?.textContent?.includes(`instruction ${at} of`), {}, time); // prettier-ignore

describe.each(BROWSERS.filter(({ path }) => path !== undefined))("$name", (choice) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(choice);
  });
  afterAll(() => browser?.close());

  test("the timeline is a slider: it takes the keys of one", async () => {
    const { page, faults } = await openPage(browser, site, "#lesson=1");
    await page.focus(".lanes canvas");
    for (const [key, at] of [
      ["ArrowRight", 1],
      ["ArrowUp", 2],
      ["ArrowLeft", 1],
      ["PageUp", 4],
      ["PageDown", 1],
      ["End", 62],
      ["Home", 0],
    ] as const) {
      // prettier-ignore
      await page.keyboard.press(key);
      await standsAt(page, at);
    }
    // In a field, letters are letters.
    await page.type(".predict input", "sen");
    expect(await page.$eval(".predict input", (input) => input.value)).toBe("sen");
    expect(await textOf(page, ".where")).toContain("instruction 0 of 62");
    expect(faults).toEqual([]);
    await page.close();
  });

  test("who switches lessons in a hurry gets the last one", async () => {
    const { page, faults } = await openPage(browser, site, "#lesson=1");
    await page.waitForSelector(".cm-content");
    for (const lesson of ["3", "7", "5", "1"]) {
      await page.select("header select", lesson);
      await page.keyboard.press("s");
      await page.evaluate(() => new Promise((done) => setTimeout(done, 150)));
    }
    await page.waitForSelector("#machine[aria-busy=false]");
    expect(await textOf(page, ".lesson h2")).toBe("Call and return");
    await page.click('button[aria-label="To the end"]');
    await page.waitForFunction(() => document.querySelector(".where strong")?.textContent === "returned i32:92"); // prettier-ignore
    // Another lesson by the address.
    await page.evaluate(() => (location.hash = "#lesson=3"));
    await page.waitForFunction(() => document.querySelector(".lesson h2")?.textContent === "Why one stack is not enough"); // prettier-ignore
    expect(faults).toEqual([]);
    await page.close();
  });

  test("the code that is shown is that of the program, after an edit too", async () => {
    const { page, faults } = await openPage(browser, site, "#lesson=1");
    const program = (value: number) => `(module (func $f (export "f") (result i32) (i32.const ${value})))`; // prettier-ignore
    for (const value of [1234, 5678]) {
      await write(page, program(value));
      await page.waitForFunction((text) => document.querySelector(".instructions")?.textContent?.includes(text), {}, `i32.const ${value}`); // prettier-ignore
    }
    expect(faults).toEqual([]);
    await page.close();
  });

  test("work without end is stopped, and the machine comes back", async () => {
    const { page, faults } = await openPage(browser, site, "#lesson=1");
    const endless = `(module (memory 1) (func (export "main") (drop (memory.grow (i32.const 3000)))
      (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 190000000)) (br 0))))`;
    await write(page, endless);
    await page.waitForSelector(".working button");
    await page.click(".working button");
    await page.waitForFunction(() => document.querySelector(".problem")?.textContent === "stopped");
    // Another program ends what runs: nobody need stop it.
    await page.click("#machine button");
    await page.waitForSelector(".working button");
    await write(page, `(module (func (export "main") (result i32) (i32.const 7)))`);
    await page.waitForSelector(".lamp");
    await page.waitForSelector("#machine[aria-busy=false]");
    await page.click('button[aria-label="To the end"]');
    await page.waitForFunction(() => document.querySelector(".where strong")?.textContent === "returned i32:7"); // prettier-ignore
    expect(faults).toEqual([]);
    await page.close();
  });

  test("a link holds a small module", async () => {
    const { page, faults } = await openPage(browser, site, "#example=instrumented");
    await page.keyboard.press("e");
    expect([...faults, ...(await shared(page, browser, site))]).toEqual([]);
    await page.close();
  });

  test("embedded it is the machine alone", async () => {
    const { page, faults } = await openPage(browser, site, "?embed#lesson=6");
    const shown = await page.$$eval("header, .lesson-panel", (parts) =>
      parts.filter((part) => getComputedStyle(part).display !== "none").map(String),
    );
    expect(shown).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  test("by plain http, where browsers keep some of what they have from a page", async () => {
    const { page, faults } = await openPage(browser, byPlainHttp(site), "#lesson=6");
    expect(await page.evaluate(() => globalThis.isSecureContext)).toBe(false);
    await page.click('button[aria-label="To the end"]');
    await page.waitForFunction(() => document.querySelector(".where strong")?.textContent === "returned nothing"); // prettier-ignore
    await page.click('button[aria-label="Step back"]');
    await standsAt(page, 40);
    await page.click("header button");
    await page.waitForFunction(() => location.hash.startsWith("#program="));
    expect(faults).toEqual([]);
    await page.close();
  });
});
