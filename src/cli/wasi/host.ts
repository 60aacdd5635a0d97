// The host of a program that imports WASI: what it is given, beside what a host script gives.

import { realpathSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { Host, HostScript } from "../../compare/host.js";
import { LinkError, UsageError } from "../../util/errors.js";
import type { ValidModule } from "../../valid/validate.js";
import { FileError, InputError } from "../failure.js";
import { fileReason } from "../input.js";
import type { WasiOptions } from "../options.js";
import { HostFolder } from "./folder.js";
import { wasiFunctions } from "./functions.js";
import { type Place, placeOf } from "./resolve.js";
import { type ByteSource, Input, Output, type Surroundings } from "./standard.js";

export const WASI_MODULE = "wasi_snapshot_preview1";
const COMMAND = "_start";
const REACTOR = "_initialize";

export const importsWasi = (module: ValidModule): boolean =>
  module.imports.some((wanted) => wanted.module === WASI_MODULE);

/** Whose the arguments of the command line are: the program's, or the function's that is called. */
export interface Operands {
  readonly program: readonly string[];
  readonly func: readonly string[];
}

/** A command has them itself; any other function takes them as its parameters. */
export const operandsFor = (
  module: ValidModule,
  invoke: string | null,
  texts: readonly string[],
): Operands =>
  importsWasi(module) && invoke === COMMAND
    ? { program: texts, func: [] }
    : { program: [], func: texts };

export interface WasiProgram extends WasiOptions {
  readonly file: string;
  readonly args: readonly string[];
  /** Its standard input, for each run of it. */
  readonly input: () => ByteSource;
  /** It stands in the middle of a run: it has been initialized. */
  readonly resumed?: boolean;
}

/**
 * The same host with WASI; what the script supplies of it goes first. A host script of nobody
 * is a host without imports.
 * @throws UsageError, LinkError, InputError
 */
export function withWasi(
  script: HostScript | undefined,
  module: ValidModule,
  { file, args, input, resumed = false, dir = [], env = [] }: WasiProgram,
  surroundings: Surroundings,
): HostScript | undefined {
  if (!importsWasi(module)) {
    if (dir.length > 0 || env.length > 0)
      throw new UsageError(`--dir and --env are for programs that import ${WASI_MODULE}`);
    return script;
  }
  const folders = dir.map(folderOf);
  const variables = env.flatMap((text) => variableOf(text, surroundings));
  return async (context) => {
    const host: Host = (await script?.(context)) ?? {};
    if (host.imports?.[WASI_MODULE] !== undefined) return host;
    requireMemory(module);
    const fds = [
      new Input(input(), surroundings.isTerminal("stdin")),
      new Output((bytes) => context.output?.("stdout", bytes), surroundings.isTerminal("stdout")),
      new Output((bytes) => context.output?.("stderr", bytes), surroundings.isTerminal("stderr")),
      ...folders.map(({ place, name }) => new HostFolder(place, name)),
    ];
    const given = fds.length;
    const shim = wasiFunctions([basename(file), ...args], variables, fds);
    return {
      ...host,
      imports: { ...host.imports, [WASI_MODULE]: shim.functions },
      onInstance(instance) {
        shim.attach(instance.exports);
        const initialize = instance.exports[REACTOR];
        if (!resumed && typeof initialize === "function") (initialize as () => void)();
        host.onInstance?.(instance);
      },
      unsaved() {
        const files = shim.open() - given;
        if (files > 0) return `the program has files open (${files})`;
        return host.unsaved?.();
      },
    };
  };
}

function requireMemory(module: ValidModule): void {
  const found = module.exports.find(({ name }) => name === "memory");
  if (found?.kind !== "memory")
    throw new LinkError(`a program that imports ${WASI_MODULE} must export its memory as "memory"`);
  if (module.context.memories[found.index]!.limits.address === "i64")
    throw new LinkError(`${WASI_MODULE} has addresses of 32 bits, the memory has 64`);
}

/** `HOST[::GUEST]` */
function folderOf(text: string): { readonly place: Place; readonly name: string } {
  const [host, guest = host, ...more] = text.split("::");
  if (host === undefined || host === "" || guest === "" || more.length > 0)
    throw new UsageError(`--dir ${text}: expected HOST or HOST::GUEST`);
  try {
    const path = realpathSync(host);
    const found = statSync(path, { bigint: true });
    if (!found.isDirectory()) throw new InputError("is no folder (--dir)");
    return { place: placeOf(path, found), name: guest! };
  } catch (error) {
    throw new FileError(host, error instanceof InputError ? error : new InputError(`${fileReason(error)} (--dir)`)); // prettier-ignore
  }
}

/** `NAME=VALUE`, or `NAME` with the value it has here. */
function variableOf(text: string, { env }: Surroundings): string[] {
  if (text.startsWith("=") || text === "")
    throw new UsageError(`--env ${text}: expected NAME=VALUE or NAME`);
  if (text.includes("=")) return [text];
  const value = env[text];
  return value === undefined ? [] : [`${text}=${value}`];
}
