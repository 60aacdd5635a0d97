// The checker as a library: attached by hand to a machine, on a plain module and on an
// instrumented one, with JavaScript glue that drives everything.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { decode } from "../../binary/decode.js";
import { observers } from "../../exec/hooks.js";
import { instantiate } from "../../exec/instantiate.js";
import { Machine } from "../../exec/machine.js";
import { Asyncify } from "../../fiber/asyncify/asyncify.js";
import { moduleOf as moduleOfText } from "../../fiber/asyncify/program.testing.js";
import type { ModuleInstance } from "../../runtime/instances.js";
import { i32 } from "../../runtime/values.js";
import { validate } from "../../valid/validate.js";
import { InstrumentedEvents } from "../instrumented.js";
import { jsExports } from "../../js-api/exports.js";
import { jsImports } from "../../js-api/imports.js";
import { Checker } from "./checker.js";

const moduleOf = (file: string) =>
  validate(decode(readFileSync(new URL(`../../../fixtures/misuse/${file}`, import.meta.url))));

describe("fibers, driven by the module", () => {
  const run = (invoke: string) => {
    const module = moduleOf("fibers.wasm");
    const checker = new Checker(module);
    const asyncify = new Asyncify(module, { listener: checker.event });
    const machine = new Machine({ interposer: asyncify, observer: checker.observer });
    const imports = new Map([["asyncify", asyncify.imports]]);
    const instance = instantiate(machine, module, imports, (made) => {
      asyncify.attach(made);
      checker.attach(made);
    });
    let results: unknown = null;
    try {
      results = machine.invoke(instance.func(invoke), []);
    } catch {
      // The findings tell why.
    }
    checker.finish();
    return { checker, results };
  };

  test("are clean", () => {
    const { checker, results } = run("good");
    expect(results).toEqual([i32(21)]);
    expect(checker.findings).toEqual([]);
    expect(checker.counts).toEqual({ unwinds: 2, rewinds: 1, pushes: 3, pops: 2 });
  });

  test("that are finished are found, and the trap is told", () => {
    const { checker } = run("finished");
    expect(checker.findings.map(({ code }) => code)).toEqual(["fiber-finished"]);
    expect(checker.lastWords).toMatch(/see fiber-finished/);
  });
});

describe.each(["sleep.wasm", "sleep.twin-O2.wasm"])("%s, driven by glue", (file) => {
  const BUFFER = 0x10000;
  /** `spoil` is what happens while the program sleeps. */
  const run = (spoil: (memory: DataView) => void) => {
    const module = moduleOf(file);
    const plain = file === "sleep.wasm";
    const checker = new Checker(module);
    const asyncify = plain ? new Asyncify(module, { listener: checker.event }) : null;
    const events = plain ? null : new InstrumentedEvents(module, checker.event);
    const machine = new Machine({
      ...(asyncify === null ? {} : { interposer: asyncify }),
      observer: observers(events?.observer ?? {}, checker.observer),
    });
    const sleep = (n: number): number => {
      if ((exports["asyncify_get_state"] as () => number)() === 2) {
        (exports["asyncify_stop_rewind"] as () => void)();
        return n * 10;
      }
      view().setUint32(BUFFER, BUFFER + 8, true);
      view().setUint32(BUFFER + 4, BUFFER + 512, true);
      (exports["asyncify_start_unwind"] as (p: number) => void)(BUFFER);
      return 0;
    };
    const imports = jsImports(machine, module, { env: { sleep, log: () => undefined } });
    const instance = instantiate(machine, module, imports, (made: ModuleInstance) => {
      asyncify?.attach(made);
      events?.attach(made);
      checker.attach(made);
    });
    const exports = jsExports(machine, instance) as Record<string, unknown>;
    const view = () => new DataView((exports["memory"] as { buffer: ArrayBuffer }).buffer);
    const sp = exports["__stack_pointer"] as { value: number };
    const other = exports["other"] as (n: number) => number;
    other(4);
    const slept = sp.value;
    (exports["asyncify_stop_unwind"] as () => void)();
    sp.value = 0x8000;
    spoil(view());
    sp.value = slept;
    (exports["asyncify_start_rewind"] as (p: number) => void)(BUFFER);
    const result = other(0);
    checker.finish();
    return { result, codes: checker.findings.map(({ code }) => code) };
  };

  test("is clean", () => {
    expect(run(() => undefined)).toEqual({ result: 88, codes: [] });
  });
  test("is found out", () => {
    expect(run((memory) => memory.setUint8(BUFFER + 12, 99)).codes).toEqual(["record-changed"]);
  });
});

test("whom the host threw an exception at is not taken for who asks for an unwind later", () => {
  const module = moduleOfText(`(module
    (import "asyncify" "start_unwind" (func $start (param i32)))
    (import "env" "bad" (func $bad))
    (memory 1) (data (i32.const 16) "\\18\\00\\00\\00\\00\\01\\00\\00")
    (func $yield (call $start (i32.const 16)))
    (func (export "run") (try (do (call $bad)) (catch_all)) (call $yield)))`);
  const checker = new Checker(module);
  const asyncify = new Asyncify(module, { listener: checker.event });
  const machine = new Machine({ interposer: asyncify, observer: checker.observer });
  const bad = () => {
    throw new Error("bad");
  };
  const imports = new Map([
    ...jsImports(machine, module, { env: { bad } }),
    ["asyncify", asyncify.imports] as const,
  ]);
  const instance = instantiate(machine, module, imports, (made) => {
    asyncify.attach(made);
    checker.attach(made);
  });
  machine.invoke(instance.func("run"), []);
  checker.finish();
  expect(checker.findings.map(({ code, other }) => [code, other?.text])).toEqual([
    ["unwind-not-stopped", "start_unwind(0x10) by yield"],
  ]);
});
