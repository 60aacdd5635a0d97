// One seed: a random module, its twin, and some random drives of them, compared; and
// what may be expected of each. Runs are in the domain of the equivalence while every
// record that is popped is one that was pushed there, and none is past its buffer's end.

import { tierOf } from "../src/forward/choose.js";
import { decode } from "../src/binary/decode.js";
import { makeTwin } from "../src/cli/make-twin.js";
import { compareRuns, type Difference, highestLevel, type Level, levels, project } from "../src/compare/compare.js"; // prettier-ignore
import { digestOf } from "../src/observe/digest.js";
import { type NativeRequest, runNative } from "../src/compare/native.js";
import { compareProgram, type Comparison, type ComparisonRequest, outsideOf } from "../src/compare/programs.js"; // prettier-ignore
import type { Run } from "../src/compare/run.js";
import { runTwinOnBobbin } from "../src/compare/twin.js";
import { type Random, randomFrom } from "../src/fiber/asyncify/analyze-random.testing.js";
import { analyzeRoles } from "../src/fiber/asyncify/analyze.js";
import type { AsyncifyOptions } from "../src/fiber/asyncify/roles.js";
import type { AsyncifyState } from "../src/observe/events.js";
import { compactLayout, fullLayout } from "../src/fiber/asyncify/records.js";
import { AsyncifyError } from "../src/fiber/asyncify/roles.js";
import { pcOfOffset } from "../src/exec/code.js";
import type { FrameView } from "../src/exec/fiber.js";
import { codeOf } from "../src/exec/lower.js";
import { Checker } from "../src/observe/check/checker.js";
import { checkStatically } from "../src/observe/check/static.js";
import { twinParts } from "../src/observe/twin-parts.js";
import { UncaughtException } from "../src/runtime/exceptions.js";
import type { ModuleInstance } from "../src/runtime/instances.js";
import { Exhaustion } from "../src/runtime/traps.js";
import { f32, f64, i32, i64, type Value } from "../src/runtime/values.js";
import { F32, I32, I64, section, wasm } from "../src/valid/testing.js";
import { validate, type ValidModule } from "../src/valid/validate.js";
import type { Type } from "./asyncify-random-types.js";
import { argumentsFor, type DriveKind, DRIVES, hostScript } from "./asyncify-random-host.js";
import {
  BUFFERS,
  COUNT,
  type Kind,
  type Memories,
  randomOptions,
  runnableModule,
  STRIDE,
} from "./asyncify-random-module.js";

export interface Found {
  readonly seed: number;
  readonly optimizeLevel: number;
  readonly kind: Kind;
  readonly drive: DriveKind;
  /** Frames in between may know nothing of asyncify. */
  readonly lists: boolean;
  readonly memories: Memories;
  readonly exceptions: boolean;
  readonly asserts: boolean;
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

const OUT_OF_BOUNDS = "out of bounds memory access";
export const OVERFLOW = "asyncify stack overflow";
/** Enough for programs whose recursion uses up fuel. */
const LIMITS = { maxFrames: 1000 };

export async function checkSeed(seed: number): Promise<Found[]> {
  const r = randomFrom(seed);
  const kind: Kind = (["plain", "plain", "plain", "self", "misuse"] as const)[r(5)]!;
  // A program that unwinds itself cannot reach a memory that is not its own.
  const memories = MEMORIES[r(kind === "plain" ? 9 : 8)]!;
  const exceptions = r(3) === 0;
  const module = runnableModule(r, kind, memories, exceptions);
  const plain = validate(decode(module.bytes));
  const lists = kind !== "self" && r(3) === 0;
  const asserts = r(5) === 0;
  const asyncify = {
    ...randomOptions(r, module.names, lists),
    ...module.options,
    ...(asserts ? { asserts } : {}),
    ...(r(8) === 0 ? { exportGlobals: true } : {}),
    strict: true,
  };
  try {
    // What Binaryen makes of a refusal would end this process.
    analyzeRoles(plain, asyncify);
  } catch (error) {
    if (!(error instanceof AsyncifyError)) throw error;
    return [];
  }
  // Drawn from the seed itself, so that programs of these seeds stay what they were.
  const optimizeLevel = exceptions ? seed % 4 : r(4);
  const twin = await makeTwin(module.bytes, asyncify, optimizeLevel);
  const twinOfLevel0 = () => makeTwin(module.bytes, asyncify, 0);
  const found: Found[] = [];
  for (let n = 0; n < 3; n++) {
    const drive = driveOf(r, kind);
    const root = module.roots[r(module.roots.length)]!;
    const driven = {
      // Whatever executes instructions, native asyncify unwinds and rewinds it.
      limits: { ...LIMITS, tier: tierOf(seed % 2 === 0 ? "interpreter" : "alternate") },
      hostScript: hostScript(drive, r(1 << 30), module),
      invoke: root.name,
      args: argumentsFor(r, root.params).map((value, i) => asValue(value, root.params[i]!)),
      asyncify,
    };
    const log: unknown[] = [];
    const context = { log: (what: unknown) => void log.push(what) };
    const about = { seed, optimizeLevel, kind, drive, lists, memories, exceptions, asserts };
    // Asserts take every unwinding that a program begins itself for a mistake.
    const correct =
      kind !== "misuse" && drive !== "misuse" && !lists && !(asserts && kind === "self");
    const compared = await compareHere({ ...driven, context, plain, twin }).catch(
      (error: unknown) => {
        // Functions entered while unwinding may call each other without an end.
        if (error instanceof Exhaustion && !correct) return null;
        throw error;
      },
    );
    if (compared === null) {
      found.push({ ...about, outside: "exhausted", level: null, pushes: 0, full: false, problems: [] }); // prettier-ignore
      continue;
    }
    const { runs, pairs, outside } = compared;
    const problems: string[] = [];
    const copied = log.includes("copied");
    let { level } = compared;
    if (
      level === "E1" &&
      copied &&
      withoutCopies(runs.native, runs.twin) &&
      withoutCopies(runs.native, runs.host)
    )
      // prettier-ignore
      level = "E2";
    const { pointer } = analyzeRoles(plain, asyncify).memory;
    const head = pointer === "i64" ? 16 : 8;
    const alien = strange(runs.twin, copied, head) ?? strange(runs.native, copied, head);
    const run = (more: Partial<NativeRequest>) => runNative({ ...driven, module: plain, ...more });
    const hidden = level === "E2" ? null : await unseen(plain, asyncify, runs.twin, optimizeLevel > 0, run); // prettier-ignore
    const torn =
      level !== "E2" && exceptions && optimizeLevel > 0
        ? await levelsDiffer(runs.twin, { ...driven, plain, bytes: await twinOfLevel0() })
        : null;
    const why = outside[0] ?? hidden ?? alien ?? torn;
    if (level !== "E2" && why === null)
      problems.push(...pairs.map(({ a, b, level: l, difference }) => `${a} ~ ${b}: ${l}${tell(difference)}`)); // prettier-ignore
    const error = runs.native.error ?? runs.host.error;
    if (error?.kind === "host exception" && !isException(error.thrown))
      problems.push(`the script failed: ${error.message}`);

    // Records of other sizes are at other addresses, so E1. Those of four bytes fit wherever
    // the twin's fit.
    const full = why === null;
    for (const [name, layout] of why === null ? LAYOUTS : []) {
      const checker = new Checker(plain, { asyncify });
      const self = await run({ layout, ...watching(checker) });
      checker.finish();
      const overflown = self.events.some((e) => e.type === "trap" && e.reason === OVERFLOW);
      if (overflown && name === "full") continue;
      const difference = compareRuns(self, runs.twin, "E1");
      if (difference !== null) problems.push(`${name} records ~ twin: ${tell(difference)}`);
      if (correct) problems.push(...findingsOf(checker, name, exceptions));
    }
    if (full && correct) problems.push(...(await checkTwin(twin, driven, exceptions)));
    if (
      why !== null &&
      drive === "overflow" &&
      !lists &&
      alien === null &&
      outside.length > 0 &&
      !/exhausted|exceeded/.test(outside[0]!)
    ) {
      // Where Binaryen's code writes on, Bobbin stops before the first record that does not fit.
      const stopped = await run({ payloads: runs.twin.sizes });
      const first = runs.twin.events.findIndex((e) => e.type === "push" && e.end !== null && e.address + e.size > e.end); // prettier-ignore
      const until = { ...runs.twin, events: runs.twin.events.slice(0, first) };
      const difference = compareRuns(
        { ...stopped, events: stopped.events.slice(0, first) },
        until,
        "E2",
      );
      if (difference !== null && difference.index < project(until, "E2").length - 1)
        problems.push(`until the overflow: ${tell(difference)}`);
      if (first >= 0 && !stopped.events.some((e) => e.type === "trap"))
        problems.push(`no trap at the overflow`);
    }
    found.push({
      ...about,
      outside: why,
      level,
      pushes: runs.native.events.filter((e) => e.type === "push").length,
      full,
      problems,
    });
  }
  return found;
}

/** A wasm exception that nobody caught: Bobbin's, or the host engine's own. */
export const isException = (thrown: unknown): boolean =>
  thrown instanceof UncaughtException ||
  Object.prototype.toString.call(thrown) === "[object WebAssembly.Exception]";

export const LAYOUTS = [["full", fullLayout], ["compact", compactLayout]] as const; // prettier-ignore
export const MEMORIES: readonly Memories[] = ["one", "one", "one", "one", "wide", "wide", "second", "wide second", "own"]; // prettier-ignore

/** Whether the host's engine takes modules with several memories. */
const { WebAssembly: engine } = globalThis as unknown as {
  WebAssembly: { validate(bytes: Uint8Array): boolean };
};
export const MULTI_MEMORY = engine.validate(wasm(section(5, [0, 1], [0, 1])));

/** Without the host's engine where that does not know the module's features. */
async function compareHere(request: ComparisonRequest): Promise<Comparison> {
  const { memories } = decode(request.twin);
  if (MULTI_MEMORY || memories.length < 2) return compareProgram(request);
  const { plain, twin, asyncify = {}, limits = {} } = request;
  const asked = { ...request, digest: true, limits };
  const twinRun = await runTwinOnBobbin({ ...asked, bytes: twin, plain });
  const { sizes: payloads } = twinRun;
  const own = { module: plain, asyncify, payloads, overflowLikeBinaryen: true };
  const native = await runNative({ ...asked, ...own });
  for (const { error } of [twinRun, native]) if (error?.kind === "exhaustion") throw error.thrown;
  const runs = { native, twin: twinRun, host: twinRun };
  const level = highestLevel(native, twinRun);
  const next = levels[level === null ? 0 : levels.indexOf(level) + 1];
  const difference = next === undefined ? null : compareRuns(native, twinRun, next);
  const outside = outsideOf({ native, twin: twinRun });
  return {
    runs,
    pairs: [{ a: "native", b: "twin", level, difference, limit: "E2", memory: null }],
    level,
    outside,
  };
}

function driveOf(r: Random, kind: Kind): DriveKind {
  if (kind === "self") return "calls";
  if (kind === "misuse") return (["calls", "misuse", "often"] as const)[r(3)]!;
  return r(5) === 0 ? "misuse" : DRIVES[r(DRIVES.length)]!;
}

export const watching = (checker: Checker) => ({
  onEvent: checker.event,
  observer: checker.observer,
  onInstance: (made: ModuleInstance) => checker.attach(made),
});

/** An exception leaves `__stack_pointer` where the functions that it ends have put it. */
export const findingsOf = (
  { findings }: Pick<Checker, "findings">,
  where: string,
  exceptions = false,
): string[] =>
  findings
    .filter(({ code }) => !exceptions || code !== "stack-pointer-changed")
    .map(({ code, message, event }) => `${where}: ${code} at event ${event}: ${message}`);

/** The checker on the twin as it is: nothing is known of the plain module. */
async function checkTwin(
  bytes: Uint8Array,
  driven: Omit<NativeRequest, "module">,
  exceptions: boolean,
): Promise<string[]> {
  const twin = validate(decode(bytes));
  const { runtime } = twinParts(twin);
  const indices = twin.context.funcs.map((_, i) => [i, i] as const);
  const mapping = new Map(indices.filter(([i]) => !runtime.has(i)));
  const checker = new Checker(twin);
  await runTwinOnBobbin({ ...driven, bytes, plain: twin, mapping, ...watching(checker) });
  checker.finish();
  return [
    ...findingsOf(checker, "twin", exceptions),
    ...findingsOf({ findings: checkStatically(twin) }, "twin", exceptions),
  ];
}

/**
 * What leaves the domain: a record where there is no memory, or where the program reads, or the
 * first pop of something that is not what was last pushed there. Of copies all that is asked
 * is that such a record was pushed anywhere, and that they are where buffers have their records.
 */
function strange({ events }: Run, copied: boolean, head: number): string | null {
  let state: AsyncifyState = "normal";
  const anywhere = new Set<string>();
  const pushed = new Map<number, string>();
  for (const event of events) {
    if (event.type === "runtime") state = event.after;
    if (event.type === "trap" && state !== "normal" && event.reason === OUT_OF_BOUNDS)
      return `a record out of bounds: ${event.name} trapped while ${state}`;
    if (event.type !== "push" && event.type !== "pop") continue;
    const { type, func, callIndex, size, address, data } = event;
    const record = `${func}:${callIndex}:${size}`;
    if (type === "push") {
      if (address < BUFFERS) return `a record in the data of the program, at ${address}`;
      anywhere.add(record);
      pushed.set(address, record);
    } else if (
      copied ? !anywhere.has(record) || address < data + head : pushed.get(address) !== record
    )
      return `popped what nobody pushed: ${event.name}, call ${callIndex}, at ${address}`;
  }
  return null;
}

/**
 * Two things that depend on how Binaryen arranged the code. A call that an instrumented function
 * takes for one that cannot change the state did: twins notice where their next test of the
 * state is, natively the function runs on to its next numbered call. And a function entered while
 * unwinding runs its call 0 on operands nobody computed: zeros, unless an optimizer let them
 * share a local with a parameter.
 */
async function unseen(
  plain: ValidModule,
  asyncify: AsyncifyOptions,
  { sizes }: Run,
  optimized: boolean,
  run: (more: Partial<NativeRequest>) => Promise<Run>,
): Promise<string | null> {
  const roles = analyzeRoles(plain, asyncify);
  let state: AsyncifyState = "normal";
  let found: string | null = null;
  const returned = (caller: FrameView | undefined): void => {
    if (caller === undefined || state === "normal") return;
    const { func, pc } = caller;
    if (roles.functions[func.index]!.kind !== "instrumented") return;
    const sites = roles.sites(func.index).map(({ offset }) => pcOfOffset(codeOf(func), offset));
    if (!sites.includes(pc)) found ??= `${func.name} is ${state} behind a call that is no site`;
  };
  await run({
    payloads: sizes,
    overflowLikeBinaryen: true,
    onEvent: (event) => {
      if (event.type === "runtime") state = event.after;
    },
    observer: {
      enter: ({ top: { func } }) => {
        if (!optimized || state !== "unwinding") return;
        if (roles.functions[func.index]!.kind === "instrumented")
          found ??= `${func.name} is entered while unwinding, in an optimised twin`;
      },
      leave: ({ frames, depth, top }, how) => {
        if (how === "exception" && state !== "normal")
          found ??= `an exception leaves ${top.func.name} while ${state}`;
        returned(frames[depth - 2]);
      },
      hostReturn: (fiber) => returned(fiber?.top),
    },
  });
  return found;
}

/**
 * The same at E2, but for the bytes of copied records: native ones have their values elsewhere,
 * and no digest can know where a copy is. Memory beside all buffers is compared in the end.
 */
function withoutCopies(a: Run, b: Run): boolean {
  const bare = ({ digest: _digest, events, ...rest }: Run): Run => ({
    ...rest,
    events: events.map((event) =>
      event.type === "runtime" ? (({ digest: _at, ...others }) => others)(event) : event,
    ),
  });
  const beside = ({ memory }: Run) => digestOf(memory, [[BUFFERS, BUFFERS + COUNT * STRIDE]]);
  return compareRuns(bare(a), bare(b), "E2") === null && beside(a) === beside(b);
}

/** Of legacy `try` some optimised twins do other things than the one of level 0 (seed 151). By E1, as records have other sizes. */
async function levelsDiffer(
  optimised: Run,
  request: Parameters<typeof runTwinOnBobbin>[0],
): Promise<string | null> {
  const same = compareRuns(await runTwinOnBobbin(request), optimised, "E1") === null;
  return same ? null : "Binaryen's twins differ from each other";
}

export const asValue = (value: unknown, type: Type): Value =>
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
