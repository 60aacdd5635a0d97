// The direction of dependencies: a folder imports only itself and folders before it
// in this list. The core (everything before `cli`) knows no Node and no DOM.

import { readdirSync, readFileSync } from "node:fs";
import { join, normalize, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";

const ORDER = [
  "util",
  "syntax",
  "binary",
  "text",
  "ast",
  "valid",
  "link",
  "source",
  "asm",
  "runtime",
  "exec",
  "forward",
  "fiber",
  "observe",
  "snapshot",
  // Recordings start with a snapshot; hosts of any kind may want to record.
  "history",
  "js-api",
  "script",
  "compare",
  "debug",
  "gdb",
  "index.ts",
  "ast.ts",
  "js-api.ts",
  "cli",
  "cli.ts",
  // What `bobbin/register` does in a process: as the command line, it reads and writes there.
  "register",
  "register.ts",
];
/** Folders that may use Node. */
const NODE = new Set(["cli", "cli.ts", "register", "register.ts"]);
/** What packages a folder of the core may use. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  ast: /^@webassemblyjs\//,
  source: /^@jridgewell\/trace-mapping$/,
};

const root = fileURLToPath(new URL("../src", import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".ts") && !file.endsWith(".test.ts"),
);
const folderOf = (path: string): string => path.split(sep)[0]!;
const importsOf = (file: string): string[] =>
  [...readFileSync(join(root, file), "utf8").matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map(
    (m) => m[1]!,
  );

test("every file lies in a folder of the list", () => {
  expect(files.filter((file) => !ORDER.includes(folderOf(file)))).toEqual([]);
});

test("imports point to earlier folders only", () => {
  const wrong: string[] = [];
  for (const file of files) {
    for (const target of importsOf(file).filter((name) => name.startsWith("."))) {
      const folder = folderOf(
        relative(root, normalize(join(root, file, "..", target))).replace(/\.js$/, ".ts"),
      );
      if (ORDER.indexOf(folder) > ORDER.indexOf(folderOf(file)))
        wrong.push(`${file} imports ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("the core imports no package, but for the trees of one, and nothing of Node", () => {
  // What only tests import is not built.
  const core = files.filter((file) => !NODE.has(folderOf(file)) && !/\btesting\.ts$/.test(file));
  const foreign = core.flatMap((file) =>
    importsOf(file)
      .filter((name) => !name.startsWith(".") && !PACKAGES[folderOf(file)]?.test(name))
      .map((name) => `${file} imports ${name}`),
  );
  expect(foreign).toEqual([]);
  const globals = core.filter((file) =>
    /\b(process|Buffer|require|__dirname|window|document)\b[.([]/.test(
      readFileSync(join(root, file), "utf8"),
    ),
  );
  expect(globals).toEqual([]);
});

test("no two files import each other in a circle of values", () => {
  const graph = new Map<string, string[]>();
  for (const file of files) {
    const source = readFileSync(join(root, file), "utf8").replace(/import type [^;]+;/g, "");
    const targets = [...source.matchAll(/from\s*"(\.[^"]+)"/g)].map((m) =>
      relative(root, normalize(join(root, file, "..", m[1]!))).replace(/\.js$/, ".ts"),
    );
    graph.set(file, targets);
  }
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
    else if (!done.has(file)) {
      for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
      done.add(file);
    }
  };
  for (const file of files) walk(file, []);
  expect(circles).toEqual([]);
});
