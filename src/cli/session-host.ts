// The host of a session: its script, its imports, and the calls that it makes itself.

import type { Machine } from "../exec/machine.js";
import { type Host, type HostScript, invokeAs, nativeWaiting } from "../compare/host.js";
import { jsExports } from "../js-api/exports.js";
import { jsImports } from "../js-api/imports.js";
import { toJsValue, toWasmResults } from "../js-api/values.js";
import { worldOf } from "../js-api/world.js";
import type { FuncInstance, Imports, ModuleInstance } from "../runtime/instances.js";
import type { Value } from "../runtime/values.js";
import { LinkError } from "../util/errors.js";
import type { ValidModule } from "../valid/validate.js";
import type { Context } from "./context.js";
import { about } from "./failure.js";
import { type Hearing, hearingOf, hostLogOf } from "./hearing.js";
import { loadHostScript } from "./host-file.js";
import type { HostOptions } from "./options.js";

export const scriptOf = async ({ host }: HostOptions): Promise<HostScript | undefined> =>
  host === undefined ? undefined : loadHostScript(host);

export async function openHost(
  machine: Machine,
  script: HostScript | undefined,
  { hearing }: { readonly hearing?: Hearing },
  context: Context,
): Promise<Host | null> {
  if (script === undefined) return null;
  return script({ ...nativeWaiting(machine), ...hostLogOf(hearing ?? hearingOf(context, false)) });
}

/** Gives it the instance, whose exports it may call. @param explain what of an error is thrown */
export function tellHost(
  host: Host | null,
  machine: Machine,
  instance: ModuleInstance,
  explain: (error: unknown) => unknown,
): void {
  if (host?.onInstance === undefined) return;
  try {
    host.onInstance({ exports: jsExports(machine, instance) });
  } catch (error) {
    throw explain(worldOf(machine).errors.inward(error));
  }
}

/** Who threw what no import did. */
export const scriptName = ({ host }: HostOptions): string | undefined =>
  host === undefined ? undefined : `host script ${host}`;

export async function hostImports(
  machine: Machine,
  module: ValidModule,
  host: Host | null,
  file = "",
): Promise<Imports> {
  if (host?.imports === undefined) return new Map();
  const { imports } = host;
  return about(file, () => importsFrom(machine, module, imports));
}

export function importsFrom(
  machine: Machine,
  module: ValidModule,
  imports: NonNullable<Host["imports"]>,
): Imports {
  try {
    return jsImports(machine, module, imports);
  } catch (error) {
    throw error instanceof TypeError ? new LinkError(error.message) : error;
  }
}

/** Lets the host script run an export, with the types of the JavaScript API. */
export async function invokeThrough(
  host: Host,
  machine: Machine,
  instance: ModuleInstance,
  name: string,
  func: FuncInstance,
  args: readonly Value[],
): Promise<readonly Value[]> {
  const world = worldOf(machine);
  const jsArgs = args.map((value) => toJsValue(value, world));
  const returned = await invokeAs(host, { exports: jsExports(machine, instance) }, name, jsArgs);
  return toWasmResults(returned, func.signature.results, world);
}
