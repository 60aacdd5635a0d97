// Native asyncify under the object, and those who are attached to it.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { makeWebAssembly } from "../js-api.js";
import type { Attachment } from "../observe/attachments.js";
import { InstanceChecker } from "../observe/check/instances.js";
import { traceInstances } from "../observe/trace-instances.js";
import { describeEvent } from "../observe/render.js";
import type { Machine } from "../exec/machine.js";

function assemble(wat: string): Uint8Array<ArrayBuffer> {
  const module = binaryen.parseText(wat);
  const bytes = module.emitBinary();
  module.dispose();
  return new Uint8Array(bytes);
}
const fixture = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/wasm/${name}.wasm`, import.meta.url)));

/** Asks, and adds what it had before. */
const ASKS = assemble(`(module
  (import "env" "ask" (func $ask (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (param i32) (result i32) (i32.add (local.get 0) (call $ask))))`);
const DATA = 16;
const NORMAL = 0;
const UNWINDING = 1;
const REWINDING = 2;

type WebAssembly = ReturnType<typeof makeWebAssembly>;

/** An instance whose host answers later. */
function asking(object: WebAssembly) {
  let answer = 0;
  const env = {
    ask: (): number => {
      if (exports["asyncify_get_state"]() === REWINDING) {
        exports["asyncify_stop_rewind"]();
        return answer;
      }
      new Uint32Array(exports["memory"].buffer).set([DATA + 8, 1024], DATA / 4);
      exports["asyncify_start_unwind"](DATA);
      return 0;
    },
  };
  const { exports } = new object.Instance(new object.Module(ASKS), { env });
  return {
    exports,
    begin: (n: number): void => {
      exports["run"](n);
      exports["asyncify_stop_unwind"]();
    },
    end: (given: number): unknown => {
      answer = given;
      exports["asyncify_start_rewind"](DATA);
      return exports["run"](0);
    },
  };
}

describe("native asyncify", () => {
  test("modules are those that Binaryen's pass would make", () => {
    const object = makeWebAssembly({ asyncify: { exportGlobals: true } });
    const module = new object.Module(fixture("crossing"));
    const pass = binaryen.readBinary(fixture("crossing"));
    pass.setFeatures(binaryen.Features.All);
    binaryen.setPassArgument("asyncify-export-globals", "1");
    pass.runPasses(["asyncify"]);
    const { WebAssembly: engine } = globalThis as unknown as { WebAssembly: WebAssembly };
    const twin = new engine.Module(new Uint8Array(pass.emitBinary()));
    pass.dispose();
    binaryen.clearPassArguments();
    const sorted = (list: readonly { readonly name: string }[]) =>
      list.toSorted((a, b) => a.name.localeCompare(b.name));
    expect(sorted(object.Module.exports(module))).toEqual(sorted(engine.Module.exports(twin)));
    expect(object.Module.imports(module)).toEqual(engine.Module.imports(twin));
  });

  test("what is imported from asyncify is there, whatever the host has", () => {
    const object = makeWebAssembly({ asyncify: {} });
    const logged: unknown[] = [];
    const env = { log_i32: (value: unknown) => logged.push(value) };
    const module = new object.Module(fixture("crossing"));
    for (const asyncify of [{}, { asyncify: { start_unwind: "not asked for" } }]) {
      const { exports } = new object.Instance(module, { env, ...asyncify });
      expect(exports["crossing"](2)).toBe(51);
    }
    const plain = makeWebAssembly();
    expect(() => new plain.Instance(new plain.Module(fixture("crossing")), { env })).toThrow(
      "import module asyncify is not an object",
    );
    const alone = object.Module.imports(new object.Module(RUNTIME_ONLY));
    expect(alone).toEqual([]);
    expect(() => new object.Instance(new object.Module(RUNTIME_ONLY))).not.toThrow();
  });

  test("each instance has a state of its own", () => {
    const object = makeWebAssembly({ asyncify: {} });
    const a = asking(object);
    const b = asking(object);
    a.begin(1);
    a.exports["asyncify_start_rewind"](DATA);
    expect(b.exports["asyncify_get_state"]()).toBe(NORMAL);
    a.exports["asyncify_stop_rewind"]();
    b.begin(10);
    expect(a.end(100)).toBe(101);
    expect(b.end(200)).toBe(210);
  });

  test("an instance that unwinds leaves the calls of others alone", () => {
    const object = makeWebAssembly({ asyncify: {} });
    const a = asking(object);
    const b = asking(object);
    expect(a.exports["run"](1)).toBe(0);
    expect(a.exports["asyncify_get_state"]()).toBe(UNWINDING);
    b.begin(10);
    expect(b.end(5)).toBe(15);
    a.exports["asyncify_stop_unwind"]();
    expect(a.end(2)).toBe(3);
  });

  test("a state that JavaScript sets through its export counts", () => {
    const object = makeWebAssembly({ asyncify: { exportGlobals: true } });
    const { exports, begin } = asking(object);
    begin(1);
    exports["__asyncify_state"].value = REWINDING;
    expect(exports["run"](0)).toBe(1);
  });

  test("instrumented modules are left alone", () => {
    const object = makeWebAssembly({ asyncify: {} });
    const bytes = fixture("sleep.twin-O2");
    const plain = makeWebAssembly();
    const names = ({ Module }: WebAssembly) => Module.exports(new Module(bytes));
    expect(names(object)).toEqual(names(plain));
  });

  test("a module of another object keeps what it was compiled with", () => {
    const { Module } = makeWebAssembly({ asyncify: {} });
    const { Instance } = makeWebAssembly();
    const { begin, end } = asking({ ...makeWebAssembly(), Module, Instance } as WebAssembly);
    begin(1);
    expect(end(2)).toBe(3);
  });

  test("what Binaryen refuses is no module", () => {
    const object = makeWebAssembly({ asyncify: {} });
    const bytes = assemble(`(module (import "asyncify" "start_unwinding" (func)))`);
    expect(() => new object.Module(bytes)).toThrow(object.CompileError);
    expect(object.validate(bytes)).toBe(false);
    expect(makeWebAssembly().validate(bytes)).toBe(true);
  });
});

/** Imports nothing but the runtime. */
const RUNTIME_ONLY = assemble(`(module
  (import "asyncify" "stop_unwind" (func $stop))
  (memory 1)
  (func (export "stop") (call $stop)))`);

/** As an optimizer leaves it that ran after the pass: `run` begins the unwind by itself. */
const INLINED = assemble(`(module
  (memory (export "memory") 1)
  (global $state (mut i32) (i32.const 0))
  (global $data (mut i32) (i32.const 0))
  (func (export "asyncify_start_unwind") (param i32)
    (global.set $state (i32.const 1))
    (global.set $data (local.get 0))
    (if (i32.gt_u (i32.load (global.get $data)) (i32.load offset=4 (global.get $data)))
      (then (unreachable))))
  (func (export "run") (global.set $state (i32.const 1))))`);

describe("attachments", () => {
  const STARTS = assemble(`(module $starts
    (import "env" "say" (func $say))
    (func $start (call $say))
    (start $start))`);

  test("are given the machine once, and each instance before it runs", () => {
    const seen: string[] = [];
    const machines: Machine[] = [];
    const attachment: Attachment = {
      machine: (machine) => void machines.push(machine),
      instance: ({ name, unwinds, asyncify }) => {
        seen.push(`${name}: ${unwinds}, ${asyncify === null}`);
        return null;
      },
    };
    const object = makeWebAssembly({ attachments: [attachment] });
    const module = new object.Module(STARTS);
    const say = (): void => void seen.push("said");
    new object.Instance(module, { env: { say } });
    new object.Instance(module, { env: { say } });
    new object.Instance(new object.Module(fixture("sleep.twin-O0")), {
      env: { sleep: say, log_i32: say },
    });
    expect(machines).toHaveLength(1);
    expect(seen).toEqual([
      "module #1: false, true",
      "said",
      "module #1 (2): false, true",
      "said",
      "sleep.wasm: true, true",
    ]);
  });

  test("the machine is not watched for instances that nobody watches", () => {
    let machine!: Machine;
    const attachment: Attachment = { machine: (given) => (machine = given) };
    const object = makeWebAssembly({
      asyncify: {},
      attachments: [attachment, traceInstances(() => undefined)],
    });
    asking(object);
    expect(machine.watched).toBe(false);
  });

  test("each instance has its own trace and its own findings", () => {
    const lines: string[] = [];
    const found: string[] = [];
    const checker = new InstanceChecker(({ code }, instance) => found.push(`${instance} ${code}`));
    const object = makeWebAssembly({
      asyncify: {},
      attachments: [
        traceInstances((event, { name }) =>
          lines.push(
            `${name} ${event.seq} ${
              describeEvent(event)
                .trim()
                .split(/\s{2,}/)[0]
            }`,
          ),
        ),
        checker,
      ],
    });
    const a = asking(object);
    const b = asking(object);
    a.begin(1);
    b.exports["asyncify_stop_rewind"]();
    expect(a.end(2)).toBe(3);
    expect(found).toEqual(["module #2 stop-before-start"]);
    checker.finish();
    expect(checker.instances).toMatchObject([
      { name: "module #1", findings: [], counts: { unwinds: 1, rewinds: 1, pushes: 1, pops: 1 } },
      { name: "module #2", findings: [{ code: "stop-before-start", event: 1 }] },
    ]);
    expect(lines.filter((line) => line.startsWith("module #2"))).toEqual([
      "module #2 1 stop_rewind()",
    ]);
    expect(lines.slice(0, 6)).toEqual([
      "module #1 1 call run(i32:1)",
      "module #1 2 host env.ask()",
      "module #1 3 get_state()",
      "module #1 4 start_unwind(0x10)",
      "module #1 5 host env.ask = i32:0",
      "module #1 6 push run, call 0",
    ]);
  });

  test("where optimizers have inlined the runtime, it is said that nothing can be told", () => {
    const checker = new InstanceChecker(() => undefined);
    const unreadable: string[] = [];
    const attachment: Attachment = {
      instance: (made) => {
        unreadable.push(made.unreadable?.message ?? "");
        return null;
      },
    };
    const { Module, Instance } = makeWebAssembly({ attachments: [checker, attachment] });
    new Instance(new Module(INLINED));
    checker.finish();
    expect(unreadable).toEqual([expect.stringContaining("was inlined into")]);
    expect(checker.instances).toMatchObject([
      { counts: null, findings: [{ code: "runtime-inlined", event: null }] },
    ]);
  });
});
