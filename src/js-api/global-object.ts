// `WebAssembly.Global`.
// Spec: https://webassembly.github.io/spec/js-api/#globals

import { getGlobal, setGlobal } from "../exec/instantiate.js";
import { GlobalInstance } from "../runtime/instances.js";
import { finishInterface, required, toDictionary } from "./idl.js";
import { globals } from "./slots.js";
import { refuseHidden, toJsValue, toValueType, toWasmValue } from "./values.js";
import type { World } from "./world.js";

export const globalInterface = (world: World) =>
  finishInterface(
    "Global",
    class Global {
      constructor(descriptor: unknown, ...given: unknown[]) {
        const members = toDictionary(descriptor, "the descriptor of a global");
        const mutable = Boolean(members["mutable"]);
        const type = toValueType(required(members["value"], "value"));
        refuseHidden(type);
        const [value] = given;
        const global = new GlobalInstance({ type, mutable });
        setGlobal(
          global,
          value === undefined ? world.defaultOf(type) : toWasmValue(value, type, world),
        );
        initGlobal(world, this, global);
      }

      get value(): unknown {
        return valueOf(world, globals.demand(this));
      }
      set value(value: unknown) {
        const global = globals.demand(this);
        const { mutable, type } = global.type;
        refuseHidden(type);
        if (!mutable) throw new TypeError("the global is immutable");
        setGlobal(global, toWasmValue(value, type, world));
      }
      valueOf(): unknown {
        return valueOf(world, globals.demand(this));
      }
    },
  );

function valueOf(world: World, global: GlobalInstance): unknown {
  refuseHidden(global.type.type);
  return toJsValue(getGlobal(global), world);
}

/** `object` becomes the global's one object in this world. */
export function initGlobal(world: World, object: object, global: GlobalInstance): void {
  globals.set(object, global);
  world.adopt(global, object);
}
