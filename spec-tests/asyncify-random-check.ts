// One seed: a random module, its twin, and some random drives of them, compared; and
// what may be expected of each. Runs are in the domain of the equivalence while every
// record that is popped is one that was pushed there, and none is past its buffer's end.

import { decode } from "../src/binary/decode.js";
import { makeTwin } from "../src/cli/make-twin.js";
import { compareRuns, type Difference, type Level, levels, project } from "../src/compare/compare.js"; // prettier-ignore
import { runNative } from "../src/compare/native.js";
import { compareProgram } from "../src/compare/programs.js";
import type { Run } from "../src/compare/run.js";
import { type Random, randomFrom } from "../src/fiber/asyncify/analyze-random.testing.js";
import { analyzeRoles } from "../src/fiber/asyncify/analyze.js";
import { InvariantChecker } from "../src/observe/invariants.js";
import type { ModuleInstance } from "../src/runtime/instances.js";
import { f32, f64, i32, i64, type Value } from "../src/runtime/values.js";
import { F32, I32, I64 } from "../src/valid/testing.js";
import { validate } from "../src/valid/validate.js";
import type { Type } from "./asyncify-random-body.js";
import { argumentsFor, type DriveKind, DRIVES, hostScript } from "./asyncify-random-host.js";
import { type Kind, randomOptions, runnableModule } from "./asyncify-random-module.js";

export interface Found {
  readonly seed: number;
  readonly optimizeLevel: number;
  readonly kind: Kind;
  readonly drive: DriveKind;
  /** Frames in between may know nothing of asyncify. */
  readonly lists: boolean;
  /** Why nothing can be expected of the run; null in the domain. */
  readonly outside: string | null;
  readonly level: Level | null;
  /** Records pushed by the native run. */
  readonly pushes: number;
  /** Whether a comparison with self-contained records was made. */
  readonly full: boolean;
  /** What is wrong; empty where all is as it must be. */
  readonly problems: readonly string[];
}

export async function checkSeed(seed: number): Promise<Found[]> {
  const r = randomFrom(seed);
  const kind: Kind = (["plain", "plain", "plain", "self", "misuse"] as const)[r(5)]!;
  const module = runnableModule(r, kind);
  const plain = validate(decode(module.bytes));
  const lists = kind !== "self" && r(3) === 0;
  const asyncify = randomOptions(r, module.names, lists);
  try {
    // What Binaryen makes of a refusal would end this process.
    analyzeRoles(plain, asyncify);
  } catch {
    return [];
  }
  const optimizeLevel = r(4);
  const twin = await makeTwin(module.bytes, asyncify, optimizeLevel);
  const found: Found[] = [];
  for (let n = 0; n < 3; n++) {
    const drive = driveOf(r, kind);
    const root = module.roots[r(module.roots.length)]!;
    const driven = {
      hostScript: hostScript(drive, r(1 << 30), module),
      invoke: root.name,
      args: argumentsFor(r, root.params).map((value, i) => asValue(value, root.params[i]!)),
      asyncify,
    };
    const { runs, level, pairs, outside } = await compareProgram({ ...driven, plain, twin });
    const problems: string[] = [];
    const alien = strange(runs.twin) ?? strange(runs.native);
    const why = outside[0] ?? alien;
    if (level !== "E2" && why === null)
      problems.push(...pairs.map(({ a, b, level: l, difference }) => `${a} ~ ${b}: ${l}${tell(difference)}`)); // prettier-ignore
    const error = runs.native.error ?? runs.host.error;
    if (error?.kind === "host") problems.push(`the script failed: ${error.message}`);

    // Self-contained records: at other addresses, so E1.
    const full = why === null || why === alien;
    if (why === null) {
      let instance: ModuleInstance | undefined;
      const checker = new InvariantChecker((address, length) =>
        instance!.memories[0]!.bytes.slice(address, address + length),
      );
      const run = await runNative({
        ...driven,
        module: plain,
        onInstance: (made) => (instance = made),
        onEvent: (event) => checker.event(event),
      });
      if (run.error?.reason !== "asyncify stack overflow") {
        const difference = compareRuns(run, runs.twin, "E1");
        if (difference !== null) problems.push(`full records ~ twin: ${tell(difference)}`);
        const correct = kind !== "misuse" && drive !== "misuse" && !lists;
        if (correct) problems.push(...checker.findings.map(({ message }) => message));
      }
    } else if (outside.length > 0 && !/exhausted/.test(outside[0]!)) {
      // Where Binaryen's code writes on, Bobbin stops before the first record that does not fit.
      const run = await runNative({ ...driven, module: plain, payloads: runs.twin.sizes });
      const first = runs.twin.events.findIndex((e) => e.type === "push" && e.end !== null && e.address + e.size > e.end); // prettier-ignore
      const until = { ...runs.twin, events: runs.twin.events.slice(0, first) };
      const difference = compareRuns({ ...run, events: run.events.slice(0, first) }, until, "E2");
      if (difference !== null && difference.index < project(until, "E2").length - 1)
        problems.push(`until the overflow: ${tell(difference)}`);
      if (first >= 0 && run.events[first]?.type !== "trap" && !run.events.some((e) => e.type === "trap"))
        problems.push(`no trap at the overflow`);
    }
    found.push({
      seed,
      optimizeLevel,
      kind,
      drive,
      lists,
      outside: why,
      level,
      pushes: runs.native.events.filter((e) => e.type === "push").length,
      full,
      problems,
    });
  }
  return found;
}

function driveOf(r: Random, kind: Kind): DriveKind {
  if (kind === "self") return "calls";
  if (kind === "misuse") return (["calls", "misuse", "often"] as const)[r(3)]!;
  return r(5) === 0 ? "misuse" : DRIVES[r(DRIVES.length)]!;
}

/** The first pop of something that was not pushed there, and since then not written over. */
function strange({ events }: Run): string | null {
  // A copy of a buffer is like the buffer: what counts is who pushed a record of these bytes.
  const pushed = new Map<string, true>();
  for (const event of events) {
    if (event.type === "push") pushed.set(`${event.func}:${event.callIndex}:${event.size}`, true);
    else if (event.type === "pop" && !pushed.has(`${event.func}:${event.callIndex}:${event.size}`))
      return `popped what nobody pushed: ${event.name}, call ${event.callIndex}, at ${event.address}`;
  }
  return null;
}

const asValue = (value: unknown, type: Type): Value =>
  type === I32
    ? i32(value as number)
    : type === I64
      ? i64(value as bigint)
      : type === F32
        ? f32(value as number)
        : f64(value as number);

const print = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? `${v}n` : v));

export function tell(difference: Difference | null): string {
  if (difference === null) return "";
  const { level, index, a, b, contextA } = difference;
  const before = contextA.slice(-3).map((event) => `\n    ${print(event)}`);
  return ` (event ${index} of ${level})${before.join("")}\n  a ${print(a)}\n  b ${print(b)}`;
}

export const worst = (found: readonly Found[]): Level | null =>
  found.reduce<Level | null>(
    (low, { level }) => (level === null || low === null ? null : levels[Math.min(levels.indexOf(low), levels.indexOf(level))]!), // prettier-ignore
    "E2",
  );
