// A lesson: markdown with a head of fields, and fenced blocks of four kinds in it: the
// program, what to predict, what must hold of the reader's program, and a solution.
// What else stands there is text to read. `web/lessons/README.md` tells authors.

export interface Lesson {
  readonly title: string;
  readonly language: "wat" | "asm";
  /** The export to call, and what with, as on the command line. */
  readonly invoke: string;
  readonly args: readonly string[];
  /** An example whose text is put before the program's. */
  readonly include: string | undefined;
  readonly program: string;
  /** A question whose answer is a fact of the run of that program. */
  readonly prediction: { readonly question: string; readonly fact: string };
  readonly checks: readonly Check[];
  /** A program that passes. */
  readonly solution: string;
  /** Markdown, in the order of the page; blocks stand between. */
  readonly parts: readonly Part[];
}

export type Part =
  | { readonly kind: "text"; readonly markdown: string }
  | { readonly kind: "predict" }
  /** Where the reader changes the program. */
  | { readonly kind: "check" };

const COMPARISONS = ["is", "is not", "includes", "at least", "at most"] as const;

/** One line of a `check` block: `log is 1 2 3`. */
export interface Check {
  readonly fact: string;
  readonly comparison: (typeof COMPARISONS)[number];
  readonly value: string;
}

export class LessonError extends Error {
  constructor(
    readonly reason: string,
    readonly line: number,
  ) {
    super(`line ${line}: ${reason}`);
  }
}

const FENCE = /^```(\w*)\s*$/;

/** @throws LessonError */
export function parseLesson(source: string): Lesson {
  const lines = source.split(/\r?\n/);
  const { fields, next } = readHead(lines);
  const { parts, blocks } = readBody(lines, next);
  const need = <T>(value: T | undefined, what: string): T => {
    if (value === undefined) throw new LessonError(`the lesson has no ${what}`, 1);
    return value;
  };
  const block = (kind: string) => need(blocks.get(kind), `block of kind ${kind}`);
  const language = fields.get("language") ?? "wat";
  if (language !== "wat" && language !== "asm")
    throw new LessonError(`language must be wat or asm, is ${language}`, 1);
  return {
    title: need(fields.get("title"), "title"),
    language,
    invoke: fields.get("invoke") ?? "main",
    args: (fields.get("args") ?? "").split(/\s+/).filter((arg) => arg !== ""),
    include: fields.get("include"),
    program: block("program").text,
    prediction: readPrediction(block("predict")),
    checks: readChecks(block("check")),
    solution: block("solution").text,
    parts,
  };
}

interface Block {
  readonly text: string;
  /** Of its first line in the lesson, from 1. */
  readonly line: number;
}

function readHead(lines: readonly string[]): { fields: Map<string, string>; next: number } {
  const fields = new Map<string, string>();
  if (lines[0] !== "---") throw new LessonError("a lesson begins with --- and its fields", 1);
  const end = lines.indexOf("---", 1);
  if (end < 0) throw new LessonError("the fields end with ---", 1);
  lines.slice(1, end).forEach((line, i) => {
    const [, name, value] = /^(\w+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined) throw new LessonError(`expected NAME: VALUE, found ${line}`, i + 2);
    fields.set(name, value!.trim());
  });
  return { fields, next: end + 1 };
}

function readBody(lines: readonly string[], start: number) {
  const parts: Part[] = [];
  const blocks = new Map<string, Block>();
  let text: string[] = [];
  const flush = () => {
    const markdown = text.join("\n").trim();
    if (markdown !== "") parts.push({ kind: "text", markdown });
    text = [];
  };
  for (let at = start; at < lines.length; at++) {
    const kind = FENCE.exec(lines[at]!)?.[1];
    if (kind === undefined) {
      text.push(lines[at]!);
      continue;
    }
    const end = lines.indexOf("```", at + 1);
    if (end < 0) throw new LessonError("this block is not closed", at + 1);
    const body = lines.slice(at + 1, end);
    if (!["program", "predict", "check", "solution"].includes(kind))
      text.push(...lines.slice(at, end + 1));
    else if (blocks.has(kind)) throw new LessonError(`a second block of kind ${kind}`, at + 1);
    else {
      blocks.set(kind, { text: `${body.join("\n")}\n`, line: at + 2 });
      if (kind === "predict" || kind === "check") {
        flush();
        parts.push({ kind });
      }
    }
    at = end;
  }
  flush();
  return { parts, blocks };
}

function readPrediction({ text, line }: Block): Lesson["prediction"] {
  const lines = text.trimEnd().split("\n");
  const fact = /^fact:\s*(\S.*)$/.exec(lines.at(-1)!)?.[1];
  if (fact === undefined)
    throw new LessonError("a prediction ends with fact: NAME", line + lines.length - 1);
  return { question: lines.slice(0, -1).join("\n"), fact: fact.trim() };
}

function readChecks({ text, line }: Block): Check[] {
  return text
    .trimEnd()
    .split("\n")
    .map((check, i) => {
      const found = new RegExp(`^(\\w+) (is not|is|includes|at least|at most) (.+)$`).exec(check);
      if (found === null)
        throw new LessonError(
          `expected FACT ${COMPARISONS.join("|")} VALUE, found ${check}`,
          line + i,
        );
      const [, fact, comparison, value] = found;
      return {
        fact: fact!,
        comparison: comparison as Check["comparison"],
        value: value!.trim(),
      };
    });
}
