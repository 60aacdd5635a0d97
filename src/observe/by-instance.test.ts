// Which instance's observer hears of what.

import { expect, test } from "@jest/globals";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import type { Observer } from "../exec/hooks.js";
import { moduleOf } from "../fiber/asyncify/program.testing.js";
import { type ExternInstance, FuncInstance } from "../runtime/instances.js";
import { InstanceObservers } from "./by-instance.js";

const INNER = moduleOf(`(module
  (import "env" "host" (func $host))
  (func (export "inner") (call $host))
  (func (export "fails") unreachable))`);
const OUTER = moduleOf(`(module
  (import "inner" "inner" (func $inner))
  (import "inner" "fails" (func $fails))
  (func (export "outer") (call $inner))
  (func (export "fails") (call $fails)))`);

function telling(name: string, lines: string[]): Observer {
  const say = (what: string): void => void lines.push(`${name} ${what}`);
  return {
    call: (func) => say(`call ${func.name}`),
    return: (func) => say(`return ${func.name}`),
    fail: (func) => say(`fail ${func.name}`),
    enter: ({ top }) => say(`enter ${top.func.name}`),
    hostCall: (_, func) => say(`host ${func.name}`),
    trap: () => say("trap"),
  };
}

/** Two instances, one of which calls the other. */
function two(everywhere?: Observer) {
  const lines: string[] = [];
  const watched = new InstanceObservers(everywhere);
  const machine = new Machine({ observer: watched.observer });
  const host = FuncInstance.host(INNER.context.defTypes[0]!, "env.host", () => []);
  const env = new Map<string, ExternInstance>([["host", { kind: "func", func: host }]]);
  const inner = instantiate(machine, INNER, new Map([["env", env]]));
  const outer = instantiate(machine, OUTER, new Map([["inner", inner.exports]]));
  return { lines, watched, machine, inner, outer };
}

test("an instance hears of its own calls, frames and host calls, and of traps on its stack", () => {
  const { lines, watched, machine, inner, outer } = two();
  watched.add(inner, telling("inner", lines));
  watched.add(outer, telling("outer", lines));
  machine.invoke(outer.func("outer"), []);
  expect(lines.splice(0)).toEqual([
    "outer call outer",
    "outer enter outer",
    "inner enter inner",
    "inner host env.host",
    "outer return outer",
  ]);
  expect(() => machine.invoke(outer.func("fails"), [])).toThrow("unreachable");
  expect(lines.splice(0).filter((line) => !line.includes("enter"))).toEqual([
    "outer call fails",
    "outer trap",
    "inner trap",
    "outer fail fails",
  ]);
});

test("what nobody wants to hear of is not there", () => {
  const { watched, machine, inner, outer } = two();
  expect(machine.watched).toBe(false);
  watched.add(inner, { call: () => undefined });
  expect(watched.observer).toEqual({ call: expect.any(Function) });
  expect(machine.watched).toBe(false);
  watched.add(outer, { enter: () => undefined });
  expect(machine.watched).toBe(true);
});

test("an observer of everything comes first, and stays", () => {
  const lines: string[] = [];
  const { watched, machine, inner, outer } = two({
    ...telling("all", lines),
    instruction: () => void lines.push("all instruction"),
  });
  watched.add(inner, {
    ...telling("inner", lines),
    instruction: () => void lines.push("inner instruction"),
  });
  machine.invoke(outer.func("outer"), []);
  expect(lines.slice(0, 8)).toEqual([
    "all call outer",
    "all enter outer",
    "all instruction",
    "all enter inner",
    "inner enter inner",
    "all instruction",
    "inner instruction",
    "all host env.host",
  ]);
});

test("instructions are looked at only while an instance wants them", () => {
  let wants = false;
  let seen = 0;
  const { watched, machine, inner, outer } = two();
  const instruction = (): undefined => void seen++;
  watched.add(inner, {
    get instruction() {
      return wants ? instruction : undefined;
    },
  });
  machine.invoke(outer.func("outer"), []);
  expect(seen).toBe(0);
  wants = true;
  machine.invoke(outer.func("outer"), []);
  // Of the inner function: the call, and its end.
  expect(seen).toBe(2);
});
