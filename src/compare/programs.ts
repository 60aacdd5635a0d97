// The whole comparison of one program: Bobbin with native asyncify on the plain
// module, Bobbin on the instrumented twin as an ordinary module, and the engine
// that Bobbin runs in on the twin; and how close they are to each other. Where the
// module has the fiber assembly, a fourth run executes that natively.

import type { MachineOptions } from "../exec/machine.js";
import type { AsyncifyOptions } from "../fiber/asyncify/roles.js";
import { Exhaustion } from "../runtime/traps.js";
import type { ValidModule } from "../valid/validate.js";
import { type Closeness, closenessOf, type Level, levels } from "./compare.js";
import { asyncifyAreas, definedFibers, type MemoryDifference, memoryDifference } from "./fibers.js";
import { runNative } from "./native.js";
import type { Run, RunRequest } from "./run.js";
import { asTold, type ToldRun } from "./told-run.js";
import { runTwinOnBobbin } from "./twin.js";
import { runOnEngine } from "./v8.js";

export const ORACLES = {
  native: "Bobbin, native asyncify on the plain module",
  twin: "Bobbin, the twin as an ordinary module",
  host: "the host's engine on the twin",
  fibers: "Bobbin, native fibers on the plain module",
} as const;
export type OracleName = keyof typeof ORACLES;

export interface ComparisonRequest extends RunRequest {
  readonly plain: ValidModule;
  /** The instrumented module. */
  readonly twin: Uint8Array;
  readonly asyncify?: AsyncifyOptions;
  readonly limits?: Omit<MachineOptions, "observer" | "interposer">;
  /** Told before each run. */
  readonly onRun?: (oracle: OracleName) => void;
}

export interface Pair extends Closeness {
  readonly a: OracleName;
  readonly b: OracleName;
  /** The closest that they can be: native fibers leave no trace of an unwind. */
  readonly limit: Level;
  /** At that limit: how final memory differs outside of what unwinds wrote. */
  readonly memory: MemoryDifference | null;
}

export type Runs = Readonly<Record<Exclude<OracleName, "fibers">, Run>> & {
  /** Where the module has the fiber assembly. */
  readonly fibers?: Run;
};

export interface Comparison {
  readonly runs: Runs;
  /** native and host first: that is the claim; the others tell where to look. */
  readonly pairs: readonly Pair[];
  /** The level that all runs share which can reach any. */
  readonly level: Level | null;
  /** Why closeness cannot be expected: the run leaves the domain of the equivalence. */
  readonly outside: readonly string[];
}

/**
 * What a run ends with is part of the comparison, but for limits: a run that was cut
 * short says nothing, and the host's engine might never come to an end.
 * @throws TwinError, AsyncifyError, LinkError; Exhaustion
 */
export async function compareProgram(request: ComparisonRequest): Promise<Comparison> {
  const { plain, twin: bytes, asyncify = {}, limits = {}, onRun = () => undefined } = request;
  const { native, twin } = await runOnBobbin(request);
  onRun("host");
  const host = await runOnEngine({ ...request, digest: true, bytes, plain });
  const runs = { native, twin, host };
  const told = { native: asTold(native), twin: asTold(twin), host: asTold(host) };
  const pairs = [
    pairOf(told, "native", "host"),
    pairOf(told, "twin", "host"),
    pairOf(told, "native", "twin"),
  ];
  const level = lowest(pairs);
  if (definedFibers(plain) === null) return { runs, pairs, level, outside: outsideOf(runs) };
  onRun("fibers");
  const fibers = await runNative({
    ...request,
    digest: false,
    module: plain,
    asyncify,
    nativeFibers: true,
    limits,
  });
  refuseExhausted(fibers);
  const all = { ...runs, fibers };
  return { runs: all, pairs: [...pairs, fibersPair(all)], level, outside: outsideOf(all) };
}

/**
 * Bobbin's runs of the two modules, in the records of the twin.
 * @throws TwinError, AsyncifyError, LinkError; Exhaustion
 */
export async function runOnBobbin(
  request: ComparisonRequest,
): Promise<{ readonly native: Run; readonly twin: Run }> {
  const { plain, asyncify = {}, limits = {}, onRun = () => undefined } = request;
  const asked = { ...request, digest: true };
  onRun("twin");
  // First: its records tell the sizes that the native ones must have.
  const twin = await runTwinOnBobbin({ ...asked, bytes: request.twin, plain, limits });
  onRun("native");
  const native = await runNative({
    ...asked,
    module: plain,
    // What Binaryen does not do, it does not do in the twin.
    asyncify: { ...asyncify, strict: true },
    payloads: twin.sizes,
    limits,
    overflowLikeBinaryen: true,
  });
  // Where both reach a limit, it is the program's functions that are told.
  refuseExhausted(native);
  refuseExhausted(twin, "in the instrumented twin, ");
  return { native, twin };
}

/** Whether all runs are as close as is wanted, or as they can be. */
export const agree = ({ pairs }: Comparison, wanted: Level): boolean =>
  pairs.every(({ level, limit, memory }) => {
    if (level === null || memory !== null) return false;
    return levels.indexOf(level) >= Math.min(levels.indexOf(wanted), levels.indexOf(limit));
  });

function fibersPair(runs: Runs & { readonly fibers: Run }): Pair {
  const { fibers, host } = runs;
  const closeness = closenessOf(asTold(fibers), asTold(host), "E0");
  const memory = memoryDifference(fibers, host, asyncifyAreas(host.events));
  return { a: "fibers", b: "host", ...closeness, limit: "E0", memory };
}

/** @param where that is not the program itself */
function refuseExhausted({ error }: Run, where = ""): void {
  if (error?.kind !== "exhaustion") return;
  const { thrown } = error;
  if (!(thrown instanceof Exhaustion) || where === "") throw thrown;
  const there = new Exhaustion(thrown.reason, where + thrown.detail);
  there.at(thrown.trace);
  throw there;
}

type Told = Readonly<Record<Exclude<OracleName, "fibers">, ToldRun>>;
const pairOf = (runs: Told, a: keyof Told, b: keyof Told): Pair => ({
  a,
  b,
  ...closenessOf(runs[a], runs[b]),
  limit: "E2",
  memory: null,
});

/** The level that all of them reach. */
export function lowest(found: readonly Closeness[]): Level | null {
  const reached = found.map(({ level }) => (level === null ? -1 : levels.indexOf(level)));
  return levels[Math.min(...reached)] ?? null;
}

/** What Bobbin traps for, and others go on with. */
const OURS: ReadonlySet<string> = new Set([
  "asyncify stack overflow",
  "unknown fiber",
  "fiber entry returned",
]);

/** The domain: no record past the end of its buffer, and the host's stack not exhausted. */
export function outsideOf(runs: Readonly<Record<string, ToldRun>>): string[] {
  const reasons: string[] = [];
  for (const [name, { error, events }] of Object.entries(runs)) {
    if (error !== undefined && (error.kind === "exhaustion" || OURS.has(error.reason)))
      reasons.push(`${name}: ${error.message}`);
    const past = events.find(
      (e) => e.type === "push" && e.end !== null && e.address + e.size > e.end,
    );
    if (past?.type === "push")
      reasons.push(
        `${name}: the record of ${past.name} at ${past.address} reaches past the end of its buffer`,
      );
  }
  return reasons;
}
