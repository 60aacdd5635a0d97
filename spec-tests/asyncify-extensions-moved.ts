// A program under the transparent host that is saved while it sleeps, and goes on in another
// machine.

import { instantiate } from "../src/exec/instantiate.js";
import { Machine } from "../src/exec/machine.js";
import { Asyncify, type AsyncifySettings } from "../src/fiber/asyncify/asyncify.js";
import { jsExports } from "../src/js-api/exports.js";
import { jsImports } from "../src/js-api/imports.js";
import { mergeImports } from "../src/runtime/instances.js";
import { loadSnapshot, type LoadedSnapshot } from "../src/snapshot/load.js";
import { saveSnapshot } from "../src/snapshot/save.js";
import type { ValidModule } from "../src/valid/validate.js";
import { type Exports, TransparentHost, type World } from "./asyncify-extensions-host.js";

/** How often a program is moved: later it sleeps where it is. */
const MOVES = 3;

export async function runMoved(
  module: ValidModule,
  settings: AsyncifySettings,
  world: World,
): Promise<void> {
  const host = new TransparentHost(world);
  const asyncify = new Asyncify(module, settings);
  const machine = new Machine({ interposer: asyncify });
  const supply = (made: Machine) => jsImports(made, module, { env: host.imports });
  const imports = mergeImports(new Map([["asyncify", asyncify.imports]]), supply(machine));
  const instance = instantiate(machine, module, imports, (made) => asyncify.attach(made));
  let at: LoadedSnapshot = {
    machine,
    instances: [instance],
    asyncify,
    fibers: null,
    suspended: [],
  };
  const exports = () => jsExports(at.machine, at.instances[0]!) as Exports;
  const turns = host.run(exports());
  for (let moves = 0; turns.next().done !== true; moves++) {
    if (moves >= MOVES) continue;
    at = await loadSnapshot(await saveSnapshot(at.machine, at), { supply });
    host.exports = exports();
  }
}
