// The `spectest` module that the suite's scripts import from.

import {
  FuncInstance,
  GlobalInstance,
  TableInstance,
  type ExternInstance,
} from "../runtime/instances.js";
import { MemoryInstance } from "../runtime/memory.js";
import { f32, f64, i32, i64, type Value } from "../runtime/values.js";
import { setGlobal } from "../exec/instantiate.js";
import { type Limits, FUNCREF, type NumType } from "../syntax/types.js";
import { closeTypes } from "../valid/deftypes.js";

export function spectest(): Map<string, ExternInstance> {
  const exports = new Map<string, ExternInstance>();
  const print = (name: string, ...params: NumType[]) => {
    const comp = { kind: "func", params, results: [] } as const;
    const [type] = closeTypes([{ final: true, supers: [], comp, groupStart: 0, groupSize: 1 }]);
    exports.set(name, {
      kind: "func",
      func: FuncInstance.host(type!, `spectest.${name}`, () => []),
    });
  };
  print("print");
  print("print_i32", "i32");
  print("print_i64", "i64");
  print("print_f32", "f32");
  print("print_f64", "f64");
  print("print_i32_f32", "i32", "f32");
  print("print_f64_f64", "f64", "f64");

  const constant = (name: string, type: NumType, value: Value) => {
    const global = new GlobalInstance({ type, mutable: false });
    setGlobal(global, value);
    exports.set(name, { kind: "global", global });
  };
  constant("global_i32", "i32", i32(666));
  constant("global_i64", "i64", i64(666n));
  constant("global_f32", "f32", f32(666.6));
  constant("global_f64", "f64", f64(666.6));

  const limits = (address: "i32" | "i64", min: bigint, max: bigint, shared = false): Limits => ({
    min,
    max,
    address,
    shared,
    pageSizeLog2: 16,
  });
  const element = FUNCREF as never;
  exports.set("table", {
    kind: "table",
    table: new TableInstance({ element, limits: limits("i32", 10n, 20n) }, null),
  });
  exports.set("table64", {
    kind: "table",
    table: new TableInstance({ element, limits: limits("i64", 10n, 20n) }, null),
  });
  exports.set("memory", {
    kind: "memory",
    memory: new MemoryInstance({ limits: limits("i32", 1n, 2n) }),
  });
  exports.set("shared_memory", {
    kind: "memory",
    memory: new MemoryInstance({ limits: limits("i32", 1n, 2n, true) }),
  });
  return exports;
}
