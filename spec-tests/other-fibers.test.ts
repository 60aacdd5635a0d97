// Fibers as Emscripten's and TinyGo's runtimes make them: told apart in traces, the same
// on the plain module and on its twins, which run as in the host's engine; and programs
// that only look like it show none.

import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../src/binary/decode.js";
import { compareRuns } from "../src/compare/compare.js";
import type { HostScript } from "../src/compare/host.js";
import { runNative } from "../src/compare/native.js";
import { runTwinOnBobbin } from "../src/compare/twin.js";
import { runOnEngine } from "../src/compare/v8.js";
import { Checker } from "../src/observe/check/checker.js";
import { Tracer, type TracedEvent } from "../src/observe/tracer.js";
import { twinParts } from "../src/observe/twin-parts.js";
import type { ModuleInstance } from "../src/runtime/instances.js";
import { i32 } from "../src/runtime/values.js";
import { validate, type ValidModule } from "../src/valid/validate.js";

const SWAP = "emscripten_fiber_swap";
const path = (file: string): string =>
  fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url));
const load = (file: string): Uint8Array => readFileSync(path(`${file}.wasm`));
const hostOf = async (name: string): Promise<HostScript> => {
  const url = pathToFileURL(path(`hosts/${name}.mjs`)).href;
  return ((await import(url)) as { default: HostScript }).default;
};

/** What is told of fibers in a run, as one line each. */
function storyOf(run: (tracer: Tracer) => Promise<unknown>): Promise<string[]> {
  const events: TracedEvent[] = [];
  const tracer = new Tracer((event) => events.push(event));
  return run(tracer).then(() =>
    events.flatMap((event) =>
      event.type === "fiber"
        ? [[event.runtime, event.action, ...event.fibers, event.entry ?? ""].join(" ").trim()]
        : [],
    ),
  );
}

interface Program {
  readonly bytes: Uint8Array;
  readonly hostScript: HostScript;
  readonly invoke: string;
  readonly args: readonly number[];
  readonly imports: readonly string[];
}

function nativeStory({ bytes, hostScript, invoke, args, imports }: Program) {
  const module = validate(decode(bytes));
  const request = { hostScript, invoke, args: args.map(i32), asyncify: { imports } };
  return storyOf((tracer) =>
    runNative({ ...request, module, observer: tracer.observer, onEvent: tracer.event }),
  );
}

const SWAPS: Program = {
  bytes: load("wasm/swaps"),
  hostScript: await hostOf("swaps"),
  invoke: "rally",
  args: [2],
  imports: [`env.${SWAP}`],
};
/** What emcc made, and what it made before it ran its wasm-opt. */
const FRINGE: Program = {
  bytes: load("emscripten/fringe"),
  hostScript: SWAPS.hostScript,
  invoke: "fringe",
  args: [3, 1, 1000],
  imports: [`env.${SWAP}`],
};
const TASKS: Program = {
  bytes: load("wasm/tasks"),
  hostScript: await hostOf("logging"),
  invoke: "run",
  args: [1],
  imports: [],
};
const RALLY = [
  "emscripten suspend 0",
  "emscripten create 1 ping",
  "emscripten suspend 1",
  "emscripten create 2 pong",
  "emscripten suspend 2",
  "emscripten resume 1",
  "emscripten suspend 1",
  "emscripten resume 2",
  "emscripten suspend 2",
  "emscripten resume 1",
  "emscripten suspend 1",
  "emscripten resume 0",
];
/** `main` asks both walkers for three leaves, and whether there is another one. */
const WALKS = [
  "emscripten suspend 0",
  "emscripten create 1 run",
  "emscripten suspend 1",
  "emscripten resume 0",
  "emscripten suspend 0",
  "emscripten create 2 run",
  ...[1, 2, 1, 2, 1, 2].flatMap((next, i) => [
    `emscripten suspend ${2 - (i % 2)}`,
    "emscripten resume 0",
    "emscripten suspend 0",
    `emscripten resume ${next}`,
  ]),
  "emscripten suspend 2",
  "emscripten resume 0",
];
const TURNS = [
  ...[1, 2, 3].flatMap((id) => [`tinygo create ${id} worker`, `tinygo suspend ${id}`]),
  "tinygo resume 1",
  ...[2, 3].flatMap((id) => [`tinygo resume ${id}`, `tinygo suspend ${id}`]),
  "tinygo resume 2",
  "tinygo resume 3",
  "tinygo suspend 3",
  "tinygo resume 3",
];

test.each([
  ["swaps", SWAPS, ["wasm/swaps.twin-O0", "wasm/swaps.twin-O2"], RALLY],
  ["tasks", TASKS, ["wasm/tasks.twin-O0", "wasm/tasks.twin-O2"], TURNS],
  ["fringe", FRINGE, ["emscripten/fringe.twin"], WALKS],
] as const)(
  "%s: the fibers, plain and instrumented, and the run as in V8",
  async (_name, program, twins, told) => {
    expect(await nativeStory(program)).toEqual(told);
    const plain = validate(decode(program.bytes));
    const { hostScript, invoke, imports } = program;
    for (const twin of twins) {
      const bytes = load(twin);
      const instrumented = validate(decode(bytes));
      const request = { hostScript, invoke, args: program.args.map(i32) };
      const story = await storyOf((tracer) =>
        runTwinOnBobbin({
          ...request,
          bytes,
          plain: instrumented,
          mapping: itself(instrumented),
          observer: tracer.observer,
          onEvent: tracer.event,
        }),
      );
      expect(story).toEqual(told);
      const native = await runNative({ ...request, module: plain, asyncify: { imports } });
      const host = await runOnEngine({ ...request, bytes, plain });
      expect(native.events.at(-1)).toMatchObject({ type: "return" });
      expect(compareRuns(native, host, "E0")).toBeNull();
    }
  },
);

/** An instrumented module as its own plain one, but for the runtime's functions. */
function itself(module: ValidModule): Map<number, number> {
  const { runtime } = twinParts(module);
  const indices = module.context.funcs.map((_, i) => [i, i] as const);
  return new Map(indices.filter(([i]) => !runtime.has(i)));
}

/** Runs a program of Emscripten's, before or after its wasm-opt, under the checker. */
async function checked(file: string, args: readonly number[]) {
  const { hostScript, invoke, imports } = FRINGE;
  const logged: unknown[] = [];
  const bytes = load(file);
  const module = validate(decode(bytes));
  const plain = file === "emscripten/fringe";
  const asyncify = plain ? { imports } : {};
  const checker = new Checker(module, { asyncify });
  const request = {
    hostScript,
    invoke,
    args: args.map(i32),
    context: { log: (...values: unknown[]) => void logged.push(...values) },
    onEvent: checker.event,
    observer: checker.observer,
    onInstance: (made: ModuleInstance) => checker.attach(made),
  };
  const run = plain
    ? await runNative({ ...request, module, asyncify })
    : await runTwinOnBobbin({ ...request, bytes, plain: module, mapping: itself(module) });
  checker.finish();
  const { results, error } = run;
  return { results, error: error?.reason, codes: checker.findings.map(({ code }) => code), logged };
}
const FRINGES = ["emscripten/fringe", "emscripten/fringe.twin"];

test.each(FRINGES)("%s: trees with the same fringe, and nothing to find", async (file) => {
  const squares = Array.from({ length: 20 }, (_, i) => `i32:${i * i}`);
  for (const shape of [0, 3, 7]) {
    const { results, codes, logged } = await checked(file, [20, shape, 4000]);
    expect(results).toEqual([i32(20)]);
    expect(logged).toEqual(squares);
    expect(codes).toEqual([]);
  }
});

test("records that outgrow their room are found, natively before they are written", async () => {
  const [native, twin] = await Promise.all(FRINGES.map((file) => checked(file, [20, 3, 100])));
  expect(native).toMatchObject({ error: "asyncify stack overflow", codes: ["record-past-end"] });
  expect(twin).toMatchObject({ error: "unreachable" });
  expect(twin!.codes).toContain("record-past-end");
});

test("a swap is known by what it does: optimized builds rename imports", async () => {
  const bytes = Uint8Array.from(SWAPS.bytes);
  const at = Buffer.from(bytes).indexOf(SWAP);
  const renamed = "x".repeat(SWAP.length);
  bytes.set(Buffer.from(renamed), at);
  const hostScript: HostScript = async (context) => {
    const host = await SWAPS.hostScript(context);
    const env = host.imports!["env"]!;
    return { ...host, imports: { env: { ...env, [renamed]: env[SWAP] } } };
  };
  const program = { ...SWAPS, bytes, hostScript, imports: [`env.${renamed}`] };
  expect(await nativeStory(program)).toEqual(RALLY);
});

test("a program that sleeps has one stack", async () => {
  const program = {
    bytes: load("wasm/sleep"),
    hostScript: await hostOf("sleep"),
    invoke: "main",
    args: [2],
    imports: ["env.sleep"],
  };
  expect(await nativeStory(program)).toEqual([]);
});

// Two arguments, and an unwind 20 bytes into the first: but no two fibers lie there. And a
// function with a name of TinyGo's, but another type.
const LOOKS_LIKE = `(module
  (import "env" "${SWAP}" (func $nap (param i32 i32)))
  (memory (export "memory") 1)
  (global (export "__stack_pointer") (mut i32) (i32.const 65536))
  (table (export "__indirect_function_table") 1 funcref)
  (data (i32.const 0) "FIRST")
  (data (i32.const 20) "\\40\\00\\00\\00\\00\\04\\00\\00")
  (data (i32.const 2048) "SECOND")
  (func $tinygo_launch (param i32 i32) (nop))
  (func (export "main") (param i32) (result i32)
    (call $nap (i32.const 0) (i32.const 2048))
    (call $tinygo_launch (i32.const 0) (i32.const 0))
    (local.get 0)))`;
const FIBER = "\\00\\ff\\00\\00\\00\\f0\\00\\00\\00\\ff\\00\\00";
const ENTERED = "\\00\\00\\00\\00\\00\\00\\00\\00";

test.each([
  ["no fiber at all", "", "", []],
  ["only the first is one", FIBER, "", []],
  ["only the second is one", "", FIBER, []],
  ["a stack pointer outside of the stack", FIBER, FIBER.replace(/ff\\00\\00$/, "01\\00\\00"), []],
  ["two fibers", FIBER, FIBER + ENTERED, ["emscripten suspend 0"]],
] as const)("what looks like a swap: %s", async (_name, first, second, told) => {
  const text = LOOKS_LIKE.replace("FIRST", first).replace("SECOND", second);
  const parsed = binaryen.parseText(text);
  parsed.setFeatures(binaryen.Features.ReferenceTypes | binaryen.Features.MutableGlobals);
  binaryen.setDebugInfo(true);
  const bytes = parsed.emitBinary();
  const hostScript: HostScript = () => {
    let program: Record<string, (n?: number) => number>;
    const swap = (buffer: number) => {
      if (program["asyncify_get_state"]!() === 2) program["asyncify_stop_rewind"]!();
      else program["asyncify_start_unwind"]!(buffer + 20);
    };
    return {
      imports: { env: { [SWAP]: swap } },
      invoke(instance, name) {
        program = instance.exports as typeof program;
        program[name]!(7);
        program["asyncify_stop_unwind"]!();
        program["asyncify_start_rewind"]!(20);
        return program[name]!(7);
      },
    };
  };
  const program = { bytes, hostScript, invoke: "main", args: [7], imports: [`env.${SWAP}`] };
  const story = await nativeStory(program);
  expect(story.slice(0, 1)).toEqual(told);
  // Where it was one, the rewind resumes it.
  expect(story.length).toBe(2 * told.length);
});
