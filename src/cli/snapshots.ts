// Writing snapshots: the options that say when, the run that stops there, and the file.

import type { Command } from "commander";
import { drive } from "../exec/drive.js";
import type { Machine } from "../exec/machine.js";
import { formatValue } from "../runtime/notation.js";
import { Exhaustion } from "../runtime/traps.js";
import { saveSnapshot } from "../snapshot/save.js";
import { UsageError } from "../util/errors.js";
import type { CommonOptions, Context } from "./context.js";
import { ExitCode } from "./failure.js";
import { count, operand } from "./options.js";
import { writeBytes } from "./output-file.js";
import type { Session } from "./session.js";

export interface SnapshotFlags {
  readonly snapshot?: string;
  readonly snapshotAfter?: number;
  readonly snapshotAtHost?: string;
  /** commander's `--no-module`. */
  readonly module?: boolean;
}

export function snapshotOptions(command: Command): Command {
  return command
    .option("--snapshot <out>", "stop as the next two say, or when out of fuel, and save", operand)
    .option("--snapshot-after <n>", "stop after N instructions", count(0))
    .option("--snapshot-at-host <import>", "stop before the host answers a call (env.sleep)")
    .option("--no-module", "the snapshot names its modules instead of holding them");
}

export function checkSnapshotFlags({
  snapshot,
  snapshotAfter,
  snapshotAtHost,
}: SnapshotFlags): void {
  if (snapshot === undefined && (snapshotAfter ?? snapshotAtHost) !== undefined)
    throw new UsageError("--snapshot-after and --snapshot-at-host need --snapshot OUT");
}

/** What the machine has left, and where it is. */
interface Wanted extends SnapshotFlags, CommonOptions {
  readonly fuel?: number;
}

/** Drives the call that stands on the session's machine; prints its results, or saves it. */
export async function runOn(session: Session, options: Wanted, context: Context): Promise<number> {
  const { machine } = session;
  const { snapshot, snapshotAtHost, json } = options;
  const after = snapshot === undefined ? Infinity : (options.snapshotAfter ?? Infinity);
  const left = snapshot === undefined ? Infinity : machine.counters.fuel;
  try {
    const outcome = await drive(machine, {
      fuel: Math.min(after, left),
      stopBefore: ({ func }) => snapshotAtHost !== undefined && func.name === snapshotAtHost,
    });
    if (outcome.kind === "returned") {
      const { results: types } = machine.fiber!.entry!.signature;
      const results = outcome.results.map((value, i) => formatValue(value, types[i]));
      if (snapshot !== undefined)
        context.note(`${snapshot}: not written, the program ended before`);
      if (json === true) context.out(JSON.stringify({ results }));
      else if (results.length > 0) context.out(results.join(" "));
      return ExitCode.good;
    }
    const bytes = await writeSnapshot(snapshot!, session, options.module !== false);
    const { executed } = machine;
    if (json === true)
      context.out(JSON.stringify({ snapshot: { file: snapshot, bytes, executed } }));
    else context.note(`${snapshot}: ${bytes} bytes, saved after ${executed} instructions`);
    if (outcome.kind === "paused" && machine.counters.fuel <= 0 && after > left)
      throw new Exhaustion("fuel exhausted", `after ${executed} instructions`);
    return ExitCode.good;
  } catch (error) {
    throw session.explain(error);
  }
}

/** @returns the size of the file */
export async function writeSnapshot(
  file: string,
  { machine, instances, asyncify, native, host }: Snapshottable,
  embedModules = true,
): Promise<number> {
  const unsaved = host?.unsaved?.();
  if (unsaved !== undefined) throw new UsageError(`no snapshot can be made here: ${unsaved}`);
  const bytes = await saveSnapshot(machine, { instances, asyncify, fibers: native, embedModules });
  await writeBytes(file, bytes);
  return bytes.length;
}

type Snapshottable = Pick<Session, "instances" | "asyncify" | "native" | "host"> & { readonly machine: Machine }; // prettier-ignore
