// `bobbin inspect SNAPSHOT`: what is in a snapshot: its sections, modules, memories, and
// where its fibers stand.

import { readFile } from "node:fs/promises";
import type { Fiber } from "../exec/fiber.js";
import { stackOf } from "../exec/stack.js";
import { isSnapshot, SECTIONS, unpack, VERSION } from "../snapshot/format.js";
import { hex } from "../util/hex.js";
import { printable } from "../util/printable.js";
import type { Context } from "./context.js";
import { ExitCode } from "./failure.js";
import { readBytes } from "./input.js";
import { openSnapshot } from "./session.js";

/** Chains, fibers of each, and frames of each, that people are shown. */
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
  const { machine, instances, asyncify, suspended } = session;
  const info: Info = {
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
    fibers: chainOf(machine.fiber),
    suspended: suspended.map(({ by, fiber }) => ({ by, fibers: chainOf(fiber) })),
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
  /** The running fiber, and those that wait for it, innermost first. */
  readonly fibers: readonly FiberInfo[];
  /** Such chains that are put aside. */
  readonly suspended: readonly { readonly by: string; readonly fibers: readonly FiberInfo[] }[];
};
type FiberInfo = ReturnType<typeof fiberInfo>;

/** Of the fiber's own frames, the innermost hundred. */
const FRAMES = 100;
const fiberInfo = (fiber: Fiber) => ({
  id: fiber.id,
  status: fiber.status,
  entry: fiber.entry!.name,
  ...(fiber.status === "waiting" ? { waitsFor: fiber.hostCall!.func.name } : {}),
  frames: fiber.depth,
  stack: stackOf(fiber, Math.min(fiber.depth, FRAMES)),
});

function chainOf(fiber: Fiber | null): FiberInfo[] {
  const chain: FiberInfo[] = [];
  for (let at = fiber; at !== null; at = at.parent) chain.push(fiberInfo(at));
  return chain;
}

function* linesOf(info: Info): Iterable<string> {
  yield `${info.file}: snapshot of version ${info.version}, ${info.size} bytes, after ${info.executed} instructions`;
  for (const { name, moduleBytes, functions, memories } of info.instances)
    yield `instance${name === undefined ? "" : ` ${name}`}: module of ${moduleBytes} bytes, ${functions} functions, memories of [${memories.join(" ")}] bytes`;
  if (info.asyncify !== null)
    yield `asyncify: ${["normal", "unwinding", "rewinding"][info.asyncify]!}`;
  yield "sections (bytes)";
  for (const { name, bytes } of info.sections) yield `  ${name.padEnd(16)} ${bytes}`;
  if (info.fibers.length === 0) yield "nothing runs: the machine is at rest";
  yield* fiberLines(info.fibers);
  const { suspended } = info;
  if (suspended.length > 0) yield `put aside: ${suspended.length}`;
  for (const { by, fibers } of suspended.slice(0, SHOWN))
    yield* fiberLines(fibers, by === "continuation" ? ", held by a continuation" : `, by a ${by}`);
  yield* more(suspended.length);
}

function* fiberLines(fibers: readonly FiberInfo[], how = ""): Iterable<string> {
  for (const [i, fiber] of fibers.slice(0, SHOWN).entries()) {
    const { id, status, waitsFor, entry, frames, stack } = fiber;
    const what = `${status}${waitsFor === undefined ? "" : ` for ${waitsFor}`}${i === 0 ? how : ""}`;
    yield `fiber ${id}: ${what}, entry ${entry}, ${frames} ${frames === 1 ? "frame" : "frames"}`;
    for (const [level, { name, func, offset, instruction }] of stack.slice(0, SHOWN).entries())
      yield `  #${level} ${name} (function ${func}) at byte ${hex(offset)} (${instruction})`;
    yield* more(frames, "  ");
  }
  yield* more(fibers.length);
}

function* more(count: number, indent = ""): Iterable<string> {
  if (count > SHOWN) yield `${indent}… and ${count - SHOWN} more`;
}
