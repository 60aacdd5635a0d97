// `bobbin demo` (and `npm start`): the main job on the crossing generator, told for a
// person to read: the run on native asyncify as it happens, what the checker says, and the
// comparison with the instrumented twins on Bobbin and on the host's engine.

import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { renderLine } from "../observe/render.js";
import { Tracer } from "../observe/tracer.js";
import { checkProgram, renderCheck } from "./check.js";
import { agree } from "../compare/programs.js";
import { compareWith, renderComparison } from "./compare.js";
import type { Context } from "./context.js";
import { about, ExitCode } from "./failure.js";
import { readBytes } from "./input.js";
import { NOBODY } from "./hearing.js";
import { loadProgram, runProgram } from "./program.js";

const fixture = (path: string): string =>
  fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const MODULE = fixture("wasm/crossing.wasm");
const ARGUMENT = "2";

const STORY = `A yield that crosses a generator
================================

fixtures/src/crossing.c runs two generators on two fibers: outer drives inner. Inner's odd
yields do not stop at outer but jump past it, to main: both fibers are suspended with one
unwind, and come back with one rewind. The fibers are switched by the fiber assembly of the
crate stackful, which is written for modules that went through wasm-opt --asyncify.

1. The module that never did, on Bobbin
---------------------------------------
Bobbin does to the frames what the instrumentation would: after start_unwind each call that
returns pushes a record of its frame and leaves; after start_rewind each function entered
pops its record and calls again.

  event  fiber     what happened`;

const CHECKING = `
2. The check
------------`;

const COMPARING = `
3. The same on modules that did
-------------------------------
E0: what the host sees. E1: and every runtime call and record, by function and call index.
E2: and every pointer at each of them, and linear memory outside of what records hold.`;

export function register(program: Command, context: Context): void {
  program
    .command("demo")
    .description("watch a yield cross a generator, and see it compared with the host's engine")
    .action(() => context.run({}, () => about(MODULE, () => demo(context))));
}

async function demo(context: Context): Promise<number> {
  const { out } = context;
  const options = { invoke: "crossing", host: fixture("hosts/logging.mjs") };
  const load = () => loadProgram(MODULE, [ARGUMENT], options, NOBODY, context);
  out(STORY);
  const tracer = new Tracer((event) => out(`  ${renderLine(event)}`));
  const run = await runProgram(await load(), { onEvent: tracer.event, observer: tracer.observer });
  if (run.error !== undefined) throw run.error.thrown;

  out(CHECKING);
  const checked = await checkProgram(await load());
  for (const line of renderCheck(checked)) out(line);

  out(COMPARING);
  let good = checked.findings.length === 0;
  for (const level of ["0", "2"]) {
    const twin = fixture(`wasm/crossing.twin-O${level}.wasm`);
    out(`\nTwin made by wasm-opt --asyncify --optimize-level=${level}:`);
    const comparison = await compareWith(await load(), await about(twin, () => readBytes(twin)));
    for (const line of renderComparison(comparison, "E2")) out(line);
    good &&= agree(comparison, "E2");
  }
  return good ? ExitCode.good : ExitCode.finding;
}
