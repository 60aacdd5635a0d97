// Programs with fibers of every kind, ready to be recorded: host scripts drive them, or answer
// with promises while other calls run.

import { pathToFileURL, fileURLToPath } from "node:url";
import { readFileSync } from "node:fs";
import type { HostScript } from "../src/compare/host.js";
import { invokeAs, nativeWaiting } from "../src/compare/host.js";
import { decode } from "../src/binary/decode.js";
import { instantiate } from "../src/exec/instantiate.js";
import { Machine } from "../src/exec/machine.js";
import { FiberAbi } from "../src/fiber/abi/abi.js";
import { Asyncify, type AsyncifySettings } from "../src/fiber/asyncify/asyncify.js";
import { type TierName, tierOf } from "../src/forward/choose.js";
import { Recorded } from "../src/history/history.testing.js";
import { jsExports } from "../src/js-api/exports.js";
import { jsImports } from "../src/js-api/imports.js";
import { mergeImports } from "../src/runtime/instances.js";
import { stubImports } from "../src/compare/host.js";
import { validate, type ValidModule } from "../src/valid/validate.js";

export interface Program {
  readonly module: ValidModule;
  readonly script: HostScript;
  readonly asyncify?: AsyncifySettings;
  readonly native?: boolean;
  readonly tier?: TierName;
  /** Promises of imports suspend the caller. */
  readonly suspend?: boolean;
  readonly maxFrames?: number;
}

const path = (file: string): string =>
  fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url));

export const fixture = (file: string): ValidModule =>
  validate(decode(new Uint8Array(readFileSync(path(file)))));

export const scriptOf = async (file: string): Promise<HostScript> =>
  ((await import(pathToFileURL(path(file)).href)) as { default: HostScript }).default;

/** A program that stands ready, recorded from now on. */
export class Ready {
  readonly recorded: Recorded;
  readonly log: string[];
  private readonly call: (name: string, args: readonly unknown[]) => unknown;

  private constructor(
    recorded: Recorded,
    log: string[],
    call: (name: string, args: readonly unknown[]) => unknown,
  ) {
    this.recorded = recorded;
    this.log = log;
    this.call = call;
  }

  static async make(program: Program): Promise<Ready> {
    const { module, script, native = false, tier = "interpreter", suspend = true } = program;
    const { maxFrames = 10_000 } = program;
    const machine = new Machine({ tier: tierOf(tier), maxFrames });
    const log: string[] = [];
    const host = await script({
      ...nativeWaiting(machine),
      log: (...values) => log.push(values.join(" ")),
    });
    const asyncify = program.asyncify === undefined ? null : new Asyncify(module, program.asyncify);
    machine.interposer = asyncify;
    const abi = native ? new FiberAbi(module) : null;
    const { asyncify: _, ...given } = stubImports(module, host.imports ?? {});
    const imports = mergeImports(
      asyncify === null ? new Map() : new Map([["asyncify", asyncify.imports]]),
      abi?.imports ?? new Map(),
      jsImports(machine, module, given, { suspend }),
    );
    const instance = instantiate(
      machine,
      module,
      imports,
      (made) => {
        asyncify?.attach(made);
        abi?.attach(made);
      },
      abi?.functions,
    );
    const recorded = new Recorded({ machine, instances: [instance], asyncify, abi });
    const exports = jsExports(machine, instance);
    return new Ready(recorded, log, (name, args) => invokeAs(host, { exports }, name, args));
  }

  /** What comes of a call: results, or what was thrown, as text. */
  async run(name: string, args: readonly unknown[]): Promise<string> {
    try {
      return String(await this.call(name, args));
    } catch (error) {
      return String(error);
    }
  }
}
