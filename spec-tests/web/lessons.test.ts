// Every lesson can be taken: its program runs, what is to be predicted is a fact, the
// program does not pass the lesson's checks yet, and the solution does.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { assemble } from "../../src/cli/assembler.js";
import { build } from "../../web/src/course/build.js";
import { FACTS, type Facts, factsOf, holds } from "../../web/src/course/facts.js";
import { type Lesson, LessonError, parseLesson } from "../../web/src/course/lesson.js";

const folder = new URL("../../web/lessons/", import.meta.url);
const files = readdirSync(folder).filter((file) => /^\d\d-.*\.md$/.test(file));

async function run(lesson: Lesson, text: string): Promise<Facts> {
  const { language, include: name, invoke, args } = lesson;
  const include = name === undefined ? undefined : { name, text: exampleText(name) };
  const { bytes } = build({ language, text, include }, assemble);
  return factsOf({ bytes, invoke, args });
}
const exampleText = (name: string): string =>
  readFileSync(new URL(`../../fixtures/src/${name}`, import.meta.url), "utf8");

test("there is a course", () => {
  expect(files.length).toBeGreaterThanOrEqual(10);
  expect(files.map((file) => Number(file.slice(0, 2)))).toEqual(files.map((_, i) => i + 1));
});

describe.each(files)("%s", (file) => {
  const lesson = parseLesson(readFileSync(new URL(file, folder), "utf8"));

  test("asks for facts", () => {
    const named = [lesson.prediction.fact, ...lesson.checks.map(({ fact }) => fact)];
    expect(named.filter((fact) => !(fact in FACTS))).toEqual([]);
    expect(lesson.parts.map(({ kind }) => kind).filter((kind) => kind !== "text")).toEqual(["predict", "check"]); // prettier-ignore
  });

  test("its program runs, and is not the answer", async () => {
    const facts = await run(lesson, lesson.program);
    expect(facts[lesson.prediction.fact as keyof Facts]).not.toBe("");
    expect({
      facts,
      failing: lesson.checks.filter((check) => !holds(check, facts)).length,
    }).toEqual({ facts, failing: expect.any(Number) as number });
    expect(lesson.checks.every((check) => holds(check, facts))).toBe(false);
  });

  test("its solution passes", async () => {
    const facts = await run(lesson, lesson.solution);
    expect({ facts, failing: lesson.checks.filter((check) => !holds(check, facts)) }).toEqual({ facts, failing: [] }); // prettier-ignore
  });
});

test("a lesson that is none says where", () => {
  const wrong = (text: string) => {
    try {
      parseLesson(text);
    } catch (error) {
      expect(error).toBeInstanceOf(LessonError);
      return (error as Error).message;
    }
    throw new Error("it was taken");
  };
  expect(wrong("# Hello")).toBe("line 1: a lesson begins with --- and its fields");
  expect(wrong("---\ntitle: x\n---\n```program\n(module)\n")).toBe(
    "line 4: this block is not closed",
  );
  expect(wrong("---\nnonsense\n---\n")).toBe("line 2: expected NAME: VALUE, found nonsense");
  const program =
    "---\ntitle: x\n---\n```program\n(module)\n```\n```predict\nhow\nfact: log\n```\n";
  expect(wrong(program)).toBe("line 1: the lesson has no block of kind check");
  expect(wrong(`${program}\`\`\`check\nlog was 1\n\`\`\`\n`)).toMatch(
    /^line 12: expected FACT is\|is not/,
  );
});
