// Several instances on one object, suspended and resumed in any order, from within each other
// too, over one memory: natively under Bobbin as their instrumented twins on the host's engine.

import { expect, test } from "@jest/globals";
import binaryen from "binaryen";
import fc from "fast-check";
import { makeTwin } from "../src/cli/make-twin.js";
import { makeWebAssembly } from "../src/js-api.js";

type WebAssembly = ReturnType<typeof makeWebAssembly>;
const { WebAssembly: engine } = globalThis as unknown as { WebAssembly: WebAssembly };

const parsed = binaryen.parseText(`(module
  (import "env" "memory" (memory 1))
  (import "env" "ask" (func $ask (param i32) (result i32)))
  (func $run (export "run") (param $n i32) (result i32)
    (if (result i32) (i32.eqz (local.get $n))
      (then (i32.const 1))
      (else (i32.add
        (i32.mul (call $ask (local.get $n)) (i32.const 7))
        (call $run (i32.sub (local.get $n) (i32.const 1))))))))`);
const PLAIN = new Uint8Array(parsed.emitBinary());
parsed.dispose();

const COUNT = 3;
const ROOM = 1024;
const REWINDING = 2;

/** What an instance does when its turn comes, and at each of its questions. */
interface Turn {
  readonly instance: number;
  /** Depth of its recursion, where it begins. */
  readonly depth: number;
  /** By question: to suspend, to answer, or to answer after another instance had a turn. */
  readonly asked: readonly ("suspend" | "answer" | "nest")[];
  /** Whether another one has a turn while it unwinds, and before its rewind begins. */
  readonly lingers: boolean;
}
const turn: fc.Arbitrary<Turn> = fc.record({
  instance: fc.nat({ max: COUNT - 1 }),
  depth: fc.nat({ max: 4 }),
  asked: fc.array(fc.constantFrom("suspend", "answer", "nest"), { maxLength: 5 }),
  lingers: fc.boolean(),
});

/** All that the host sees, in order. */
function play(object: WebAssembly, bytes: Uint8Array<ArrayBuffer>, turns: readonly Turn[]) {
  const log: string[] = [];
  const left = [...turns];
  const memory = new object.Memory({ initial: 1 });
  const module = new object.Module(bytes);
  const all = Array.from({ length: COUNT }, (_, i) => {
    const data = 64 + i * ROOM;
    let status: "idle" | "running" | "suspended" = "idle";
    let questions: Turn["asked"][number][] = [];
    let depth = 0;
    const ask = (n: number): number => {
      if (exports["asyncify_get_state"]() === REWINDING) exports["asyncify_stop_rewind"]();
      else {
        const what = questions.shift() ?? "answer";
        log.push(`${i} asks ${n}: ${what}`);
        if (what === "nest") next();
        if (what === "suspend") {
          new Uint32Array(memory.buffer).set([data + 8, data + ROOM], data / 4);
          exports["asyncify_start_unwind"](data);
          return 0;
        }
      }
      return n + i;
    };
    const { exports } = new object.Instance(module, { env: { memory, ask } });
    const take = (given: Turn): void => {
      if (status === "running") return;
      questions = [...given.asked];
      if (status === "suspended") exports["asyncify_start_rewind"](data);
      else depth = given.depth;
      status = "running";
      if (given.lingers) next();
      const result = exports["run"](depth) as number;
      const unwound = exports["asyncify_get_state"]() === 1;
      if (unwound && given.lingers) next();
      if (unwound) exports["asyncify_stop_unwind"]();
      status = unwound ? "suspended" : "idle";
      log.push(`${i} ${status} ${result}: ${all.map(({ state }) => state()).join()}`);
    };
    return { take, state: (): number => exports["asyncify_get_state"]() };
  });
  const next = (): void => {
    const given = left.shift();
    if (given !== undefined) all[given.instance]!.take(given);
  };
  while (left.length > 0) next();
  return log;
}

test("suspended instances do not know of each other", async () => {
  const twin = new Uint8Array(await makeTwin(PLAIN, {}, 1));
  let suspended = 0;
  fc.assert(
    fc.property(fc.array(turn, { minLength: 4, maxLength: 24 }), (turns) => {
      const expected = play(engine, twin, turns);
      suspended += expected.filter((line) => line.includes("suspended")).length;
      expect(play(makeWebAssembly({ asyncify: {} }), PLAIN, turns)).toEqual(expected);
      // The twin under Bobbin is an ordinary module.
      expect(play(makeWebAssembly({ asyncify: {} }), twin, turns)).toEqual(expected);
    }),
    { numRuns: 60 },
  );
  expect(suspended).toBeGreaterThan(80);
}, 120_000);
