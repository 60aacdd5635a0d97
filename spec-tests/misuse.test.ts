// Every program of fixtures/misuse: the checker finds the fault it was made for, on the
// plain module and on its twins, and nothing in the program beside it. And the page that
// lists all codes shows what these commands print. UPDATE_GOLDEN=1 writes the page anew.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { bobbin } from "../src/cli/testing.js";
import { AREAS, type Area, type CheckCode, CODES, codesOf } from "../src/observe/check/codes.js";

interface Near {
  readonly file?: string;
  readonly twins?: readonly string[];
  readonly argv: readonly string[];
  readonly options?: readonly string[];
}
interface Case {
  readonly code: CheckCode;
  /** What follows from it later. */
  readonly also?: readonly CheckCode[];
  /** Of twins, where less is known of them. */
  readonly twinCode?: CheckCode;
  readonly file: string;
  readonly twins?: readonly string[];
  readonly argv: readonly string[];
  /** For the plain module only: a twin has them built in. */
  readonly options: readonly string[];
  /** The correct program that is most like it. */
  readonly near: Near;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const FOLDER = "fixtures/misuse/";
const { cases } = JSON.parse(readFileSync(`${root}${FOLDER}manifest.json`, "utf8")) as {
  cases: Case[];
};

/** The command as the page shows it: files from the repository's root. */
const command = (file: string, argv: readonly string[], options: readonly string[] = []) => [
  "check",
  FOLDER + file,
  ...argv.map((arg) => (arg.startsWith("hosts/") ? FOLDER + arg : arg)),
  ...options,
];
const inRoot = (argv: readonly string[]) =>
  argv.map((arg) => (arg.startsWith(FOLDER) ? root + arg : arg));
const forTwins = (options: readonly string[]) => options.filter((o) => o === "--stub-imports");

async function codesFound(argv: readonly string[]): Promise<{ codes: CheckCode[]; exit: number }> {
  const { stdout, code: exit } = await bobbin([...inRoot(argv), "--json"]);
  const { findings } = JSON.parse(stdout.trim().split("\n").at(-1)!) as {
    findings: { code: CheckCode }[];
  };
  return { codes: findings.map(({ code }) => code), exit };
}

const named = cases.map((c) => [`${c.code}: ${c.file} ${c.argv.join(" ")}`, c] as const);
describe.each(named)("%s", (_name, { code, also = [], twinCode = code, near, ...c }) => {
  const { file, twins = [], argv, options } = c;

  test("is found", async () => {
    const runs = [
      { wanted: code, argv: command(file, argv, options) },
      ...twins.map((twin) => ({ wanted: twinCode, argv: command(twin, argv, forTwins(options)) })),
    ];
    for (const { wanted, argv: run } of runs) {
      const { codes, exit } = await codesFound(run);
      expect({ run, codes, exit }).toEqual({
        run,
        codes: expect.arrayContaining([wanted]),
        exit: 1,
      });
      expect(codes.filter((found) => found !== wanted && !also.includes(found))).toEqual([]);
    }
  }, 60_000);

  test("is not found in what is like it", async () => {
    const own = near.file === undefined && near.options === undefined;
    const nearOptions = near.options ?? (own ? options : []);
    const nearTwins = near.twins ?? (own ? twins : []);
    const runs = [
      command(near.file ?? file, near.argv, nearOptions),
      ...nearTwins.map((twin) => command(twin, near.argv, forTwins(nearOptions))),
    ];
    for (const run of runs)
      expect({ run, codes: (await codesFound(run)).codes }).toEqual({ run, codes: [] });
  }, 60_000);
});

// Where addresses have 64 bits, and where records have a memory of their own.
const SECOND = ["--asyncify-in-secondary-memory", "--asyncify-secondary-memory-size", "2"];
const ELSEWHERE = [
  { memory: "64-bit", file: "sleep64.wasm", twins: "sleep64.twin", options: [] },
  { memory: "secondary", file: "sleep.wasm", twins: "sleep.second.twin", options: SECOND },
] as const;
/** These are about data, blocks and growth of the memory that the program has, too. */
const SHARED = ["block.mjs", "buffer-over-block.mjs", "buffer-over-data.mjs", "free-early.mjs"];
const slept = cases.filter(({ file, argv }) => file === "sleep.wasm" && argv[0] !== "--static");

describe.each(ELSEWHERE)("records in $memory memory", ({ memory, file, twins, options: more }) => {
  const some = slept.filter(
    ({ argv }) => memory !== "secondary" || !SHARED.some((host) => argv.at(-1)!.endsWith(host)),
  );
  test.each(some.map((c) => [`${c.code} ${c.argv.at(-1)}`, c] as const))(
    "%s",
    async (_name, { code, also = [], twinCode = code, near, ...c }) => {
      // Twins of these options are there.
      const plain = c.twins?.includes("sleep.twin-O0.wasm") === true;
      const levels = plain ? [0, 2].map((level) => `${twins}-O${level}.wasm`) : [];
      const runs = [
        { wanted: code, argv: command(file, c.argv, [...c.options, ...more]) },
        ...levels.map((twin) => ({ wanted: twinCode, argv: command(twin, c.argv) })),
      ];
      for (const { wanted, argv: run } of runs) {
        const { codes } = await codesFound(run);
        expect({ run, codes }).toEqual({ run, codes: expect.arrayContaining([wanted]) });
        expect(codes.filter((found) => found !== wanted && !also.includes(found))).toEqual([]);
      }
      const right = [
        command(file, near.argv, [...(near.options ?? c.options), ...more]),
        ...levels.map((twin) => command(twin, near.argv)),
      ];
      for (const run of right)
        expect({ run, codes: (await codesFound(run)).codes }).toEqual({ run, codes: [] });
    },
    60_000,
  );
});

// Binaryen must be asked to declare functions that only `ref.func` names.
test("a twin is made of a program that puts functions into its table", async () => {
  const argv = ["--invoke", "main", "2", "--host", `${FOLDER}hosts/swap-table.mjs`];
  const { stdout } = await bobbin(inRoot(["compare", `${FOLDER}table.wasm`, ...argv]));
  expect(stdout).toMatch(/equal at E2/);
});

// Twins of higher levels lose the exception.
test.each(["inside", "quiet"])(
  "an unwind out of a catch ends %s natively as in the twin",
  async (name) => {
    const file = `${FOLDER}catch.wasm`;
    const argv = ["--invoke", name, "2", "--host", `${FOLDER}hosts/good.mjs`];
    const levels = ["--optimize-level", "0", "--level", "E2"];
    const { stdout, code } = await bobbin(inRoot(["compare", file, ...argv, ...levels]));
    expect(stdout).toMatch(/equal at E2/);
    expect(code).toBe(0);
  },
);

test("every code has a program", () => {
  const covered = new Set(cases.map(({ code }) => code));
  expect((Object.keys(CODES) as CheckCode[]).filter((code) => !covered.has(code))).toEqual([]);
});

/** What the command prints of the finding: what happened, and where. */
async function example({ code, file, argv, options }: Case): Promise<string> {
  const run = command(file, argv, options);
  const { stdout } = await bobbin(inRoot(run));
  const lines = stdout.replaceAll(root, "").split("\n");
  const from = lines.findIndex((line) => line.startsWith(`finding ${code}`));
  expect(from).toBeGreaterThanOrEqual(0);
  const to = lines.findIndex((line, i) => i > from && /^ {2}(other|state|why)/.test(line));
  return ["```", `$ bobbin ${run.join(" ")}`, ...lines.slice(from, to), "```"].join("\n");
}

async function listOf(area: Area): Promise<string> {
  const sections = codesOf(area).map(async (code) => {
    const { rule, why, fix } = CODES[code];
    const shown = await example(cases.find((c) => c.code === code)!);
    return `### \`${code}\`\n\nRule: ${rule}. ${why} ${fix}\n\n${shown}\n`;
  });
  return `## ${AREAS[area]}\n\n${(await Promise.all(sections)).join("\n")}`;
}

test("docs/check.md lists all codes, with what their examples print", async () => {
  const page = new URL("../docs/check.md", import.meta.url);
  const text = readFileSync(page, "utf8");
  const mark = "<!-- codes -->\n";
  const lists: string[] = [];
  for (const area of Object.keys(AREAS) as Area[]) lists.push(await listOf(area));
  const made = `${text.slice(0, text.indexOf(mark) + mark.length)}\n${lists.join("\n")}`;
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(page, made);
  // The formatter escapes and wraps.
  const plain = (s: string) => s.replaceAll("\\", "").replaceAll(/\s+/g, " ").trim();
  expect(plain(readFileSync(page, "utf8"))).toBe(plain(made));
}, 120_000);

test("docs/check.md shows who wrote as the command prints it", async () => {
  const page = readFileSync(new URL("../docs/check.md", import.meta.url), "utf8");
  const section = page.slice(page.indexOf("## Who wrote"));
  const [, run, shown] = /^\$ bobbin (.*)\n…\n(.*)$/m.exec(section)!;
  const { stdout } = await bobbin(inRoot(run!.split(" ")));
  expect(shown).toMatch(/^ {2}writer /);
  expect(stdout.split("\n")).toContain(shown);
});
