// Recorded runs of random programs and of the fixtures, with native asyncify, native fibers and
// calls that wait while others run; with hosts that call back, and write into memories: at
// random positions, back and forth, a machine that runs again is the machine that ran.

import { expect, test } from "@jest/globals";
import { type Random, randomFrom } from "../src/fiber/asyncify/analyze-random.testing.js";
import { compactLayout, fullLayout } from "../src/fiber/asyncify/records.js";
import type { HostScript } from "../src/compare/host.js";
import { AsyncifyError } from "../src/fiber/asyncify/roles.js";
import { readRecording, writeRecording } from "../src/history/file.js";
import { imageOf } from "../src/history/history.testing.js";
import { Replica } from "../src/history/replica.js";
import { finish, Timeline } from "../src/history/timeline.js";
import { decode } from "../src/binary/decode.js";
import { validate } from "../src/valid/validate.js";
import { MEMORIES, MULTI_MEMORY } from "./asyncify-random-check.js";
import { argumentsFor, DRIVES, hostScript } from "./asyncify-random-host.js";
import { randomOptions, runnableModule } from "./asyncify-random-module.js";
import { fixture, type Program, Ready, scriptOf } from "./history-runs.js";

/** Runs a program recorded, then goes to places of the run at random. Returns how many were compared. */
async function goBack(program: Program, calls: [string, unknown[]][], r: Random) {
  const ready = await Ready.make(program);
  const { recorded } = ready;
  const often = [4, 30, 300][r(3)]!;
  recorded.lookAtStops(
    () => r(often) === 0,
    () => r(3) === 0,
  );
  const outcomes: string[] = [];
  for (const [name, args] of calls) {
    outcomes.push(await ready.run(name, args));
    recorded.see();
  }
  const { recorder, seen } = recorded;
  expect(recorder.problem).toBeNull();
  const options = { spacing: 1 + r(1 + recorder.end.executed / 4) };
  const file = await readRecording(await writeRecording(recorder, false));
  const replica = await Replica.load(file.start, file.log, { codec: file.codec });
  for (const timeline of [await recorded.timeline(options), new Timeline(replica, options)]) {
    for (let i = 0; i < 12; i++) {
      const { position, image } = seen[r(seen.length)]!;
      expect(await finish(timeline.goTo(position))).toBe("there");
      expect(timeline.position).toEqual(position);
      const again = imageOf(timeline.replica);
      expect(await again.outline).toBe(await image.outline);
      if (image.exact !== null && again.exact !== null)
        expect(await again.exact).toBe(await image.exact);
    }
  }
  const exact = seen.filter(({ image }) => image.exact !== null).length;
  const { entries } = recorder;
  const changed = entries.filter(({ changes }) => changes !== null).length;
  const paused = entries.filter(({ standing }) => standing === "paused").length;
  const unwinding = recorded.seen.filter(({ due }) => due).length;
  return { seen: seen.length, exact, unwinding, entries: entries.length, changed, paused, outcomes, log: ready.log }; // prettier-ignore
}

const asked = process.env["BOBBIN_SEEDS"];
const [from = 0, to = 60] = (asked ?? "0:60").split(":").map(Number);

test(`random programs under native asyncify, seeds ${from} to ${to}`, async () => {
  const sum = { runs: 0, seen: 0, exact: 0, entries: 0, changed: 0, unwinding: 0 };
  for (let seed = from; seed < to; seed++) {
    const r = randomFrom(seed);
    const kind = (["plain", "plain", "plain", "self", "misuse"] as const)[r(5)]!;
    const memories = MEMORIES[r(kind === "plain" ? 9 : 8)]!;
    if (memories.includes("second") && !MULTI_MEMORY) continue;
    const module = runnableModule(r, kind, memories, r(3) === 0);
    const plain = validate(decode(module.bytes));
    const layout = r(2) === 0 ? fullLayout : compactLayout;
    const asyncify = { ...randomOptions(r, module.names, false), ...module.options, layout };
    const root = module.roots[r(module.roots.length)]!;
    const drive = DRIVES[r(DRIVES.length)]!;
    const program: Program = {
      module: plain,
      script: hostScript(drive, seed, module),
      asyncify,
      tier: r(2) === 0 ? "mixed" : "interpreter",
      suspend: false,
      maxFrames: 1000,
    };
    try {
      const found = await goBack(program, [[root.name, argumentsFor(r, root.params)]], r);
      sum.runs++;
      sum.seen += found.seen;
      sum.exact += found.exact;
      sum.entries += found.entries;
      sum.changed += found.changed;
      sum.unwinding += found.unwinding;
    } catch (error) {
      if (error instanceof AsyncifyError) continue;
      if (error instanceof Error) error.message = `seed ${seed} (${drive}): ${error.message}`;
      throw error;
    }
  }
  if (asked !== undefined) console.log(sum);
  expect(sum.runs).toBeGreaterThan((to - from) / 2);
  expect(sum.seen).toBeGreaterThan(10 * sum.runs);
  expect(sum.changed).toBeGreaterThan(0);
  // Some of what was compared has JavaScript in its middle, some stands between two frames that go.
  expect(sum.exact).toBeLessThan(sum.seen);
  expect(sum.unwinding).toBeGreaterThan(0);
}, 600_000);

test.each([["asyncify"], ["native"]])(
  "random drives of fibers: %s",
  async (abi) => {
    const script = await scriptOf("hosts/logging.mjs");
    let exact = 0;
    for (let seed = 0; seed < 6; seed++) {
      const r = randomFrom(seed);
      const module = fixture(`wasm/${["drives", "drives.O0", "drives.O2"][seed % 3]!}.wasm`);
      const tier = seed % 2 === 0 ? "mixed" : "interpreter";
      const program = { module, script, asyncify: {}, native: abi === "native", tier } as const;
      const found = await goBack(
        program,
        [
          ["drive", [seed, 200]],
          ["drive", [9, 50]],
        ],
        r,
      );
      exact += found.exact;
    }
    expect(exact).toBeGreaterThan(40);
  },
  120_000,
);

test("a host that unwinds and rewinds, with its own pauses", async () => {
  const script = await scriptOf("hosts/sleep.mjs");
  const module = fixture("wasm/sleep.wasm");
  const asyncify = { imports: ["env.sleep"] };
  const program = { module, script, asyncify, suspend: false };
  const found = await goBack(
    program,
    [
      ["main", [3]],
      ["fibonacci", [9]],
    ],
    randomFrom(1),
  );
  expect(found.outcomes[0]).toMatch(/^-?\d+$/);
  expect(found.entries).toBeGreaterThan(20);
}, 60_000);

test("calls that wait for promises while others run", async () => {
  // Three generators at once: their calls are interleaved.
  const program: Program = { module: fixture("wasm/ways-jspi.wasm"), script: interleaved };
  const found = await goBack(program, [["tree", [4]]], randomFrom(2));
  expect(found.entries).toBeGreaterThan(30);
  expect(found.exact).toBeLessThan(found.seen);
  expect(found.outcomes).toEqual(["7,7,7"]);
}, 60_000);

const interleaved: HostScript = (context) => ({
  imports: {
    env: {
      yield: context.suspending(async (value: number) => {
        for (let i = 0; i < value % 5; i++) await Promise.resolve();
      }),
      total: () => 7,
    },
  },
  invoke: (instance, name, args) =>
    Promise.all(
      [0, 1, 2].map(async () =>
        context.promising(instance.exports[name] as () => unknown)(...args),
      ),
    ),
});
