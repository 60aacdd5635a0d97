// `bobbin inspect SNAPSHOT`: what is in a snapshot: its sections, modules, memories, and
// where its fibers stand.

import { readFile } from "node:fs/promises";
import type { FiberView } from "../exec/fiber.js";
import { stackOf } from "../exec/stack.js";
import { isSnapshot, SECTIONS, unpack, VERSION } from "../snapshot/format.js";
import type { Context } from "./context.js";
import { ExitCode, printable } from "./failure.js";
import { readBytes } from "./input.js";
import { openSnapshot } from "./session.js";

/** Fibers, and frames of each, that people are shown. */
const SHOWN = 20;

/** Whether a file begins as snapshots do; what cannot be read is none. */
export async function isSnapshotFile(file: string): Promise<boolean> {
  try {
    return isSnapshot(await readFile(file));
  } catch {
    return false;
  }
}

/** @throws SnapshotError, LinkError */
export async function inspectSnapshot(
  file: string,
  { json = false, modules }: { readonly json?: boolean; readonly modules?: readonly string[] },
  context: Context,
): Promise<number> {
  const bytes = await readBytes(file);
  const { sections } = await unpack(bytes, 2 ** 32);
  const session = await openSnapshot(file, { allowMissing: true, ...(modules && { modules }) }, context); // prettier-ignore
  const { machine, instances, asyncify, native } = session;
  const current = chainOf(machine.fiber);
  const info = {
    file,
    version: VERSION,
    size: bytes.length,
    sections: SECTIONS.map((name) => ({
      name,
      bytes: sections.reduce((sum, s) => sum + (s.name === name ? s.bytes.length : 0), 0),
    })),
    instances: instances.map(({ module, memories, funcs }) => ({
      ...(module.names.module === undefined ? {} : { name: module.names.module }),
      moduleBytes: module.bytes.length,
      functions: funcs.length,
      memories: memories.map((memory) => memory.view.byteLength),
    })),
    executed: machine.executed,
    asyncify: asyncify?.state ?? null,
    nativeFibers: native?.suspendedCount ?? null,
    fibers: current.map(fiberInfo),
  };
  if (json) context.out(JSON.stringify(info));
  else for (const line of linesOf(info)) context.out(printable(line));
  return ExitCode.good;
}

type Info = {
  readonly file: string;
  readonly size: number;
  readonly version: number;
  readonly sections: readonly { readonly name: string; readonly bytes: number }[];
  readonly instances: readonly {
    readonly name?: string;
    readonly moduleBytes: number;
    readonly functions: number;
    readonly memories: readonly number[];
  }[];
  readonly executed: number;
  readonly asyncify: number | null;
  readonly nativeFibers: number | null;
  readonly fibers: readonly ReturnType<typeof fiberInfo>[];
};

function fiberInfo(fiber: FiberView) {
  return { id: fiber.id, status: fiber.status, frames: fiber.depth, stack: stackOf(fiber) };
}

/** The running fiber, and those that wait for it. */
function chainOf(fiber: FiberView | null): FiberView[] {
  const chain: FiberView[] = [];
  for (let at = fiber; at !== null; at = at.parent) chain.push(at);
  return chain;
}

function* linesOf(info: Info): Iterable<string> {
  yield `${info.file}: snapshot of version ${info.version}, ${info.size} bytes, after ${info.executed} instructions`;
  for (const { name, moduleBytes, functions, memories } of info.instances)
    yield `instance${name === undefined ? "" : ` ${name}`}: module of ${moduleBytes} bytes, ${functions} functions, memories of [${memories.join(" ")}] bytes`;
  if (info.asyncify !== null)
    yield `asyncify: ${["normal", "unwinding", "rewinding"][info.asyncify]!}`;
  if (info.nativeFibers !== null) yield `native fibers: ${info.nativeFibers} suspended`;
  yield "sections (bytes)";
  for (const { name, bytes } of info.sections) yield `  ${name.padEnd(16)} ${bytes}`;
  if (info.fibers.length === 0) yield "nothing runs: the machine is at rest";
  for (const { id, status, frames, stack } of info.fibers.slice(0, SHOWN)) {
    yield `fiber ${id}: ${status}, ${frames} frames`;
    for (const [i, { name, func, offset, instruction }] of stack.slice(0, SHOWN).entries())
      yield `  #${i} ${name} (function ${func}) at byte 0x${offset.toString(16)} (${instruction})`;
    if (frames > SHOWN) yield `  … and ${frames - SHOWN} more`;
  }
}
