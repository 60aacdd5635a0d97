// The native fiber ABI where it meets something else: optimizers that inlined the fiber
// assembly, instrumented modules, a host that unwinds, `suspend` of stack switching.

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../src/binary/decode.js";
import { bobbin } from "../src/cli/testing.js";
import type { HostScript } from "../src/compare/host.js";
import { runNative } from "../src/compare/native.js";
import { parseValue } from "../src/runtime/notation.js";
import { i32 } from "../src/runtime/values.js";
import type { NumType } from "../src/syntax/types.js";
import { validate } from "../src/valid/validate.js";

interface Fixture {
  readonly file: string;
  readonly program: string;
  readonly host: string;
  readonly runs: readonly { invoke: string; args: string[]; results?: string[] }[];
}
const path = (file: string): string =>
  fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url));
const { modules } = JSON.parse(readFileSync(path("manifest.json"), "utf8")) as {
  modules: Fixture[];
};
const folder = mkdtempSync(join(tmpdir(), "bobbin-edges-"));

/** `type:number`: the manifest writes out more digits than a f32 has. */
function valueOf(text: string) {
  const [type, number] = text.split(":") as [NumType, string];
  return parseValue(number, type);
}

/** The fixture as `wasm-opt -O2` leaves it: switches called once are inlined. */
function optimized(file: string): string {
  const module = binaryen.readBinary(readFileSync(path(file)));
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(0);
  binaryen.setDebugInfo(true);
  module.optimize();
  const to = join(folder, file.replaceAll("/", "-"));
  writeFileSync(to, module.emitBinary());
  return to;
}

describe("fiber_enter inlined by wasm-opt -O2: broken under Asyncify, right on native fibers", () => {
  const fixtures = modules.filter(
    ({ file, host }) => host === "hosts/logging.mjs" && !/\.O[02]/.test(file),
  );
  test.each(fixtures.map((fixture) => [fixture.program, fixture] as const))(
    "%s",
    async (_program, { file, host, runs }) => {
      const run = (index: number, ...more: string[]) => {
        const { invoke, args } = runs[index]!;
        const hosted = ["--host", path(host), ...more];
        return bobbin(["run", to, ...hosted, "--invoke", invoke, "--", ...args]);
      };
      const to = optimized(file);
      for (const [index, { results }] of runs.entries()) {
        const { stdout, code } = await run(index, "--fiber-abi", "native");
        expect(code).toBe(0);
        expect(valueOf(stdout.trim().split("\n").at(-1)!)).toEqual(valueOf(results![0]!));
      }
      if (file === "wasm/crossing.wasm") expect((await run(2)).code).not.toBe(0);
    },
    60_000,
  );
});

describe("instrumented modules", () => {
  const call = ["--invoke", "crossing", "6", "--stub-imports", "--fiber-abi", "native"];
  test.each(["O0", "O2"])("%s: run and debug switch natively", async (level) => {
    const twin = path(`wasm/crossing.twin-${level}.wasm`);
    const ran = await bobbin(["run", twin, ...call]);
    expect(ran.stdout.trim().split("\n").at(-1)).toBe("i32:47227599");
    const debugged = await bobbin(["debug", twin, ...call], "continue\n");
    expect(debugged.stdout).toContain("i32:47227599");
  });
  test("trace and check, whose events are those of plain modules, refuse", async () => {
    for (const command of ["trace", "check"]) {
      const ran = await bobbin([command, path("wasm/crossing.twin-O2.wasm"), ...call]);
      expect(ran.code).not.toBe(0);
      expect(ran.stderr).toMatch(/--fiber-abi native takes the module before it is instrumented/);
    }
  });
});

const IMPORTS = `
  (import "env" "fiber_enter" (func $fiber_enter (param i32 i32 i32 i32)))
  (import "env" "fiber_switch_leave" (func $fiber_switch_leave (param i32 i32 i32)))
  (global $__stack_pointer (export "__stack_pointer") (mut i32) (i32.const 1024))
  (memory (export "memory") 1)
  (table 2 funcref)
  (elem (i32.const 1) $entry)`;

function load(text: string) {
  const parsed = binaryen.parseText(`(module ${text})`);
  const { ReferenceTypes, GC, StackSwitching, ExceptionHandling, Multivalue } = binaryen.Features;
  parsed.setFeatures(ReferenceTypes | GC | StackSwitching | ExceptionHandling | Multivalue);
  return validate(decode(parsed.emitBinary()));
}

test("a host that unwinds while a fiber is on: the entry returns, which is a trap", async () => {
  const module = load(`
    (import "env" "nap" (func $nap (result i32)))
    ${IMPORTS}
    (type $entry (func (param i32 i32)))
    (func $entry (param $from i32) (param i32)
      (call $fiber_switch_leave (i32.const 32) (local.get $from) (call $nap)))
    (func (export "main") (result i32)
      (call $fiber_enter (i32.const 16) (i32.const 4096) (i32.const 0) (i32.const 1))
      (i32.load (i32.const 20)))`);
  const hostScript: HostScript = () => {
    let program: Record<string, (n?: number) => number> & {
      memory: { readonly buffer: ArrayBuffer };
    };
    const nap = () => {
      new Uint32Array(program.memory.buffer).set([8200, 9000], 2048);
      program["asyncify_start_unwind"]!(8192);
      return 0;
    };
    return {
      imports: { env: { nap } },
      invoke(instance, name) {
        program = instance.exports as typeof program;
        return program[name]!();
      },
    };
  };
  const asyncify = { imports: ["env.nap"] };
  const run = await runNative({
    module,
    hostScript,
    asyncify,
    invoke: "main",
    args: [],
    nativeFibers: true,
  });
  expect(run.events.at(-1)).toMatchObject({ type: "trap", reason: "fiber entry returned" });
});

test("suspend and resume of stack switching cross native fibers, which go along", async () => {
  const module = load(`
    ${IMPORTS}
    (type $entry (func (param i32 i32)))
    (type $body (func (result i32)))
    (type $cont (cont $body))
    (type $rest (func (param i32) (result i32)))
    (type $suspended (cont $rest))
    (tag $ask (param i32) (result i32))
    (elem declare func $body)
    (func $entry (param $from i32) (param $payload i32)
      (call $fiber_switch_leave (i32.const 32) (local.get $from)
        (i32.add (suspend $ask (local.get $payload)) (i32.const 1))))
    (func $body (result i32)
      (call $fiber_enter (i32.const 16) (i32.const 4096) (i32.const 5) (i32.const 1))
      (i32.load (i32.const 20)))
    (func (export "main") (param $factor i32) (result i32)
      (local $asked i32) (local $rest (ref null $suspended))
      (block $handler (result i32 (ref $suspended))
        (return (resume $cont (on $ask $handler) (cont.new $cont (ref.func $body)))))
      (local.set $rest)
      (local.set $asked)
      (resume $suspended (i32.mul (local.get $asked) (local.get $factor)) (local.get $rest)))`);
  const request = { module, invoke: "main", args: [i32(10)], nativeFibers: true };
  const { events } = await runNative(request);
  expect(events.at(-1)).toMatchObject({ type: "return", results: [i32(51)] });
  expect(events.filter(({ type }) => type === "switch")).toHaveLength(2);
});
