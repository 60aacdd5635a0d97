// Programs of the command line, in C and in Rust: `bobbin run` does with their files, their
// input and their exit codes what Node's own WASI does on its own engine.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
// @ts-expect-error -- plain JavaScript
import { RUNS as SUMS } from "./programs/sums.mjs";
// @ts-expect-error -- plain JavaScript
import { RUNS as WORDS } from "./programs/words.mjs";

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

interface Run {
  readonly args: readonly string[];
  readonly input?: string;
  /** NAME=VALUE */
  readonly env?: readonly string[];
}

function execute(command: readonly string[], { input = "", env = [] }: Run) {
  const variables = Object.fromEntries(env.map((entry) => entry.split("=") as [string, string]));
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--no-warnings", ...command], {
    input,
    encoding: "utf8",
    env: { ...process.env, ...variables },
  });
  return { status, stdout, stderr };
}

const runs = [
  ...(WORDS as readonly Run[]).map((run) => ["words", run.args.join(" "), run] as const),
  ...(SUMS as readonly Run[]).map((run) => ["sums", run.args.join(" "), run] as const),
];

test.each(runs)("%s %s", (program, _args, run) => {
  const { args, env = [] } = run;
  const engine = execute(
    [at("spec-tests/programs/node-wasi.mjs"), `${program}.wasm`, ...args],
    run,
  );
  expect(engine.stdout + engine.stderr).not.toBe("");
  const options = [
    "--dir",
    `${at("fixtures/programs")}::/data`,
    ...env.flatMap((e) => ["--env", e]),
  ];
  const module = at(`fixtures/programs/${program}.wasm`);
  expect(execute([at("dist/cli.js"), "run", module, ...options, "--", ...args], run)).toEqual(
    engine,
  );
});
