// The page, used as a reader would: in every browser that is there.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Browser } from "puppeteer-core";
import { assemble } from "../../src/cli/assembler.js";
import { build } from "../../web/src/course/build.js";
import { type Facts, factsOf } from "../../web/src/course/facts.js";
import { type Lesson, parseLesson } from "../../web/src/course/lesson.js";
import { skipLoudly } from "../skip.js";
import {
  BROWSERS,
  launch,
  openPage,
  serveSite,
  shared,
  type Site,
  textOf,
  write,
} from "./browser.js";

const folder = new URL("../../web/lessons/", import.meta.url);
const LESSONS: readonly Lesson[] = readdirSync(folder)
  .filter((file) => /^\d\d-/.test(file))
  .sort()
  .map((file) => parseLesson(readFileSync(new URL(file, folder), "utf8")));
const read = (name: string): string =>
  readFileSync(new URL(`../../fixtures/src/${name}`, import.meta.url), "utf8");

let site: Site;
beforeAll(async () => {
  site = await serveSite();
});
afterAll(() => site?.close());

test("what is loaded at first is small", () => {
  const assets = join(site.folder, "assets");
  const size = (file: string) => gzipSync(readFileSync(join(assets, file)), { level: 9 }).length;
  const html = readFileSync(join(site.folder, "index.html"), "utf8");
  const files = readdirSync(assets);
  // The editor and the assembler are loaded when there is something to edit and to assemble.
  const first = files.filter((file) => html.includes(file) || /^worker-.*\.js$/.test(file));
  expect(first.filter((file) => file.endsWith(".js")).length).toBeGreaterThanOrEqual(2);
  const bytes = first.reduce((sum, file) => sum + size(file), 0);
  expect(bytes).toBeLessThan(300_000);
  expect(files.every((file) => statSync(join(assets, file)).size > 0)).toBe(true);
});

async function predicted({ language, include: name, invoke, args, program, prediction }: Lesson) {
  const include = name === undefined ? undefined : { name, text: read(name) };
  const { bytes } = build({ language, text: program, include }, assemble);
  return (await factsOf({ bytes, invoke, args }))[prediction.fact as keyof Facts];
}

describe.each(BROWSERS.filter(({ path }) => path !== undefined))("$name", (choice) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(choice);
  });
  afterAll(() => browser?.close());

  test.each(LESSONS.map((lesson, i) => [i + 1, lesson.title, lesson] as const))(
    "lesson %d, %s, to its end",
    async (number, _title, lesson) => {
      const { page, faults } = await openPage(browser, site, `#lesson=${number}`);
      expect(await textOf(page, ".lesson h2")).toBe(lesson.title);
      await page.type(".predict input", await predicted(lesson));
      await page.click(".predict button");
      await page.waitForSelector(".predict .good");
      await page.click(".checks button");
      await page.waitForSelector(".checks li.bad");
      await write(page, lesson.solution);
      await page.click(".checks button");
      await page.waitForFunction((n) => document.querySelectorAll(".checks li.good").length === n, {}, lesson.checks.length); // prettier-ignore
      expect(await textOf(page, "header select")).toContain(`${lesson.title} ✓`);
      // The machine goes to the end, and back to the start.
      await page.waitForSelector("#machine[aria-busy=false]");
      await page.click('button[aria-label="To the end"]');
      await page.waitForSelector(".where strong");
      await page.click('button[aria-label="To the start"]');
      await page.waitForFunction(() => document.querySelector(".where strong") === null);
      expect(faults).toEqual([]);
      await page.close();
    },
  );

  test("nothing serious to say for an audit, light, dark and narrow", async () => {
    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    // It has all there may be: records in memory, and findings.
    const { page } = await openPage(browser, site, "#lesson=9");
    await page.waitForSelector(".cm-content");
    await page.click('button[aria-label="To the end"]');
    await page.waitForSelector(".findings details");
    await page.$$eval("details", (all) => all.forEach((details) => (details.open = true)));
    await page.evaluate(axe);
    for (const [theme, width] of [
      ["light", 1280],
      ["dark", 1280],
      ["light", 390],
    ] as const) {
      // prettier-ignore
      await page.setViewport({ width, height: 900 });
      await page.evaluate((name) => {
        document.documentElement.dataset["theme"] = name;
      }, theme);
      const found = await page.evaluate(async () => {
        const { axe: audit } = globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> } }; // prettier-ignore
        const { violations } = await audit.run();
        return violations.map(({ id, impact, nodes }) => ({ id, impact, first: nodes[0]?.html }));
      });
      const serious = found.filter(({ impact }) => impact === "serious" || impact === "critical");
      expect({ theme, width, serious }).toEqual({ theme, width, serious: [] });
    }
    await page.close();
  });

  test("by keys alone; a link brings the same program and place back", async () => {
    const { page, faults } = await openPage(browser, site, "#lesson=6");
    await page.focus("#machine");
    for (const key of ["s", "s", "s", "b", "e"]) await page.keyboard.press(key);
    await page.waitForFunction(() => /instruction [^0]/.test(document.querySelector(".where")!.textContent!)); // prettier-ignore
    expect([...faults, ...(await shared(page, browser, site))]).toEqual([]);
    await page.close();
  });

  test("a program that is wrong is told by its line, and the machine comes back", async () => {
    const { page, faults } = await openPage(browser, site, "#lesson=1");
    await write(page, '(module\n  (func (export "main") nonsense))\n');
    await page.waitForSelector(".problem");
    expect(await textOf(page, ".problem")).toMatch(/^line 2: unknown operator/);
    await write(page, LESSONS[0]!.program);
    await page.waitForFunction(() => document.querySelector(".problem") === null);
    expect(faults).toEqual([]);
    await page.close();
  });
});

const required = process.env["BOBBIN_REQUIRE_BROWSERS"]?.split(",") ?? [];
for (const { name, path } of BROWSERS) {
  if (path !== undefined) continue;
  if (!required.includes(name)) skipLoudly(`SKIPPED: no ${name} is here to walk the lessons in`);
  else
    test(`${name} is here, as BOBBIN_REQUIRE_BROWSERS says`, () => {
      throw new Error("it is not: BOBBIN_CHROME and BOBBIN_FIREFOX say where they are");
    });
}
