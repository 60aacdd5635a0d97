// One seed: a random program with what Binaryen's pass refuses or overlooks. It must do the
// same awake as asleep, whatever its records look like; what the checker says of it must be
// nothing; and where it can be written without extensions, that one's twin on the host's
// engine must do the same too.

import { tierOf } from "../src/forward/choose.js";
import { decode } from "../src/binary/decode.js";
import { makeTwin } from "../src/cli/make-twin.js";
import { compareRuns } from "../src/compare/compare.js";
import { type NativeRequest, runNative } from "../src/compare/native.js";
import type { Run } from "../src/compare/run.js";
import { runTwinOnBobbin } from "../src/compare/twin.js";
import { runOnEngine } from "../src/compare/v8.js";
import { type Random, randomFrom } from "../src/fiber/asyncify/analyze-random.testing.js";
import { analyzeRoles } from "../src/fiber/asyncify/analyze.js";
import type { Extension } from "../src/fiber/asyncify/extensions.js";
import { compactLayout, fullLayout } from "../src/fiber/asyncify/records.js";
import type { AsyncifyOptions } from "../src/fiber/asyncify/roles.js";
import type { RecordEvent } from "../src/observe/events.js";
import { Checker } from "../src/observe/check/checker.js";
import { ref, type Value } from "../src/runtime/values.js";
import { validate, type ValidModule } from "../src/valid/validate.js";
import { runMoved } from "./asyncify-extensions-moved.js";
import { transparentHost, type World } from "./asyncify-extensions-host.js";
import { asValue, findingsOf, LAYOUTS, MEMORIES, MULTI_MEMORY, OVERFLOW, tell, watching } from "./asyncify-random-check.js"; // prettier-ignore
import { argumentsFor, DRIVES, hostScript } from "./asyncify-random-host.js";
import { type Kind, MORE_SLEEPERS, type RunnableModule, runnableModule } from "./asyncify-random-module.js"; // prettier-ignore
import { isReference, type Signature } from "./asyncify-random-types.js";

export interface FoundExtended {
  readonly seed: number;
  readonly kind: Kind;
  /** What the module needs. */
  readonly extensions: readonly Extension[];
  /** Records: all, those of calls that only Bobbin instruments, and those that name their function. */
  readonly pushes: number;
  readonly extendedPushes: number;
  readonly tailPushes: number;
  /** Whether the program without extensions was compared. */
  readonly lowered: boolean;
  /** Whether the program was saved while it slept, and went on in another machine. */
  readonly moved: boolean;
  /** Whether some record did not fit: then nothing is expected. */
  readonly overflown: boolean;
  readonly problems: readonly string[];
}

const LIMITS = { maxFrames: 1000 };
/** All but the one that fills buffers. */
const DRIVEN = DRIVES.filter((drive) => drive !== "overflow");

export async function checkExtensions(seed: number): Promise<FoundExtended[]> {
  const r = randomFrom(seed);
  const kind: Kind = r(4) === 0 ? "self" : "plain";
  const memories = MEMORIES[r(kind === "plain" ? 9 : 8)]!;
  const legacy = r(3) === 0;
  const tryTable = r(2) === 0;
  const make = (lowered: boolean) =>
    runnableModule(randomFrom(~seed), kind, memories, legacy, { lowered, tryTable });
  const module = make(false);
  const plain = validate(decode(module.bytes));
  const asyncify = { ...(r(2) === 0 ? { imports: MORE_SLEEPERS } : {}), ...module.options };
  const roles = analyzeRoles(plain, asyncify);
  const extensions = [...new Set(roles.extensions.map(({ extension }) => extension))].sort();
  const extended = ({ func, callIndex }: RecordEvent) =>
    roles.sites(func)[callIndex]?.extension !== null;
  // Of legacy `try`, Binaryen's optimised twins do other things than its own at level 0.
  const level = legacy || tryTable ? 0 : r(4);
  const twin = module.lowerable ? await twinOf(make(true), asyncify, level) : null;
  const found: FoundExtended[] = [];
  for (let n = 0; n < 2; n++) {
    const problems: string[] = [];
    const roots = Array.from({ length: 1 + r(3) }, () => module.roots[r(module.roots.length)]!);
    const world = { module, roots, seed: r(1 << 30) };
    const dreams = r(1 << 30);
    const [root] = roots as [(typeof roots)[number]];
    const driven = { module: plain, asyncify, limits: LIMITS, invoke: root.name, args: [] };
    const tier = tierOf(seed % 2 === 0 ? "interpreter" : "alternate");
    const awake = await toldBy(
      (say) =>
      runNative({ ...driven, limits: { ...LIMITS, tier }, hostScript: transparentHost({ ...world, sleep: null, lowered: false, say }) }), // prettier-ignore
    );
    const slept = (say: World["say"], lowered: boolean) =>
      transparentHost({ ...world, sleep: randomFrom(dreams), lowered, say });
    const moved = kind === "plain" && r(4) === 0;
    let overflown = false;
    let pushes = 0;
    let extendedPushes = 0;
    let tailPushes = 0;
    for (const [name, layout] of LAYOUTS) {
      const checker = new Checker(plain, { asyncify });
      const asleep = await toldBy((say) =>
        runNative({ ...driven, hostScript: slept(say, false), layout, ...watching(checker) }),
      );
      checker.finish();
      if (overflows(asleep.run)) overflown = true;
      else problems.push(...differ(`awake ~ ${name}`, awake.said, asleep.said), ...findingsOf(checker, name)); // prettier-ignore
      if (moved && !overflown) {
        const said: string[] = [];
        await runMoved(plain, { ...asyncify, layout }, { ...world, sleep: randomFrom(dreams), lowered: false, say: (line) => void said.push(line) }); // prettier-ignore
        problems.push(...differ(`awake ~ ${name}, moved`, awake.said, said));
      }
      const records = asleep.run.events.flatMap((e) => (e.type === "push" ? [e] : []));
      pushes = records.length;
      extendedPushes = records.filter(extended).length;
      tailPushes = records.filter(({ tail }) => tail).length;
    }
    if (twin !== null) {
      const asleep = await toldBy((say) =>
        runTwin(twin, { ...driven, hostScript: slept(say, true) }),
      );
      if (overflows(asleep.run)) overflown = true;
      else problems.push(...differ(`awake ~ lowered`, awake.said, asleep.said));
    }
    const drive = kind === "self" ? "calls" : DRIVEN[r(DRIVEN.length)]!;
    const wild = { ...driven, hostScript: hostScript(drive, r(1 << 30), module), args: argumentsOf(r, root) }; // prettier-ignore
    const [full, compact] = [
      await runNative({ ...wild, layout: fullLayout }),
      await runNative({ ...wild, layout: compactLayout }),
    ];
    if (overflows(full)) overflown = true;
    else {
      const difference = compareRuns(full, compact, "E1");
      if (difference !== null) problems.push(`${drive}, full ~ compact: ${tell(difference)}`);
    }
    const lowered = twin !== null;
    found.push({ seed, kind, extensions, pushes, extendedPushes, tailPushes, lowered, moved, overflown, problems }); // prettier-ignore
  }
  return found;
}

/** Natively it is a trap; Binaryen's code writes on. */
const overflows = ({ events }: Run): boolean =>
  events.some(
    (e) =>
      (e.type === "trap" && e.reason === OVERFLOW) ||
      (e.type === "push" && e.end !== null && e.address + e.size > e.end),
  );

/** A run, and what was said of it. */
async function toldBy(
  make: (say: (line: string) => void) => Promise<Run>,
): Promise<{ readonly said: readonly string[]; readonly run: Run }> {
  const said: string[] = [];
  const run = await make((line) => void said.push(line));
  // The host has told what the program threw: what comes here is its own.
  if (run.error !== undefined) said.push(`failed: ${run.error.message}`);
  return { said, run };
}

function differ(what: string, a: readonly string[], b: readonly string[]): string[] {
  const at = a.findIndex((line, i) => line !== b[i]);
  if (at < 0 && a.length === b.length) return [];
  const index = at < 0 ? a.length : at;
  const context = a.slice(Math.max(0, index - 4), index).map((line) => `\n    ${line}`);
  return [`${what} (line ${index})${context.join("")}\n  a ${a[index]}\n  b ${b[index]}`];
}

interface Twin {
  readonly bytes: Uint8Array;
  readonly plain: ValidModule;
}
const twinOf = async (
  { bytes }: RunnableModule,
  options: AsyncifyOptions,
  level: number,
): Promise<Twin> => ({
  bytes: await makeTwin(bytes, options, level),
  plain: validate(decode(bytes)),
});

/** On the host's engine, where that knows the module's features. */
function runTwin({ bytes, plain }: Twin, request: Omit<NativeRequest, "module">): Promise<Run> {
  const many = decode(bytes).memories.length > 1 && !MULTI_MEMORY;
  return (many ? runTwinOnBobbin : runOnEngine)({ ...request, bytes, plain });
}

const argumentsOf = (r: Random, { params }: Signature): Value[] =>
  argumentsFor(r, params).map((value, i) =>
    isReference(params[i]!) ? ref(null) : asValue(value, params[i]!),
  );
