// The worker's side of the page, without a browser.

import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { assemble } from "../../src/cli/assembler.js";
import { parseLesson } from "../../web/src/course/lesson.js";
import { MachineSession } from "../../web/src/worker/session.js";
import type { View } from "../../web/src/worker/view.js";

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

async function started(lesson: string): Promise<{ session: MachineSession; view: View }> {
  const { language, program: text, include: name, invoke, args } = parseLesson(read(`web/lessons/${lesson}`)); // prettier-ignore
  const session = new MachineSession(() => Promise.resolve(assemble));
  const include = name === undefined ? undefined : { name, text: read(`fixtures/src/${name}`) };
  await session.load({ kind: "text", source: { language, text, include } });
  return { session, view: await session.start({ invoke, args }) };
}
const fibersOf = ({ fibers }: View) => fibers.map(({ name, status, frames }) => `${name} ${status}: ${frames.map((f) => f.name).join(" < ")}`); // prettier-ignore

test("every place of a run looks the same from both sides", async () => {
  const { session } = await started("06-rewinding.md");
  // Else it shows where the records are, which depends on where one comes from.
  const view = session.look(0);
  expect(view).toMatchObject({
    time: 0,
    complete: true,
    end: null,
    state: "normal",
    log: { lines: [], before: 0 },
    findings: [],
  });
  const forward = [view];
  for (let last = view; last.end === null; forward.push(last))
    last = await session.move({ kind: "step", count: 1 });
  expect(forward.at(-1)).toMatchObject({
    log: { lines: ["7", "0", "8"], before: 0 },
    end: { text: "returned nothing" },
  });
  const states = forward.map(({ state }) => state);
  expect([...new Set(states)]).toEqual(["normal", "unwinding", "rewinding"]);
  // What the last move changed is another thing on the way back.
  const bare = ({ memory, ...rest }: View) => ({ ...rest, bytes: memory?.bytes });
  for (let i = forward.length - 2; i >= 0; i--) {
    const back = await session.move({ kind: "back", count: 1 });
    expect(bare(back)).toEqual(bare(forward[i]!));
  }
});

test("fibers, their frames where they are suspended, and who is on when", async () => {
  const { session, view } = await started("08-crossing.md");
  expect(fibersOf(view)).toEqual(["main on: main"]);
  let last = view;
  const seen = new Set<string>();
  while (last.end === null) {
    last = await session.move({ kind: "event" });
    for (const fiber of fibersOf(last)) seen.add(fiber);
  }
  expect([...seen]).toEqual(
    expect.arrayContaining(["fiber 1 suspended: outer", "fiber 2 suspended: inner"]),
  );
  const { lanes, states } = session.timeline(0, last.length, 800);
  expect(lanes.map(({ name }) => name)).toEqual(["main", "fiber 1", "fiber 2"]);
  const on = lanes.map(({ on: spans }) => spans.reduce((sum, { from, to }) => sum + to - from, 0));
  expect(Math.min(...on)).toBeGreaterThan(50);
  expect(on.reduce((a, b) => a + b)).toBeLessThanOrEqual(last.length);
  expect(states.length).toBeGreaterThan(4);
  expect(lanes[2]!.marks.some(({ kind }) => kind === "unwind")).toBe(true);
});

test("a million events are drawn by pixels", async () => {
  const session = new MachineSession(() => Promise.resolve(assemble));
  const text = `(module (import "env" "log_i32" (func $log (param i32)))
    (func (export "main") (local i32)
      (loop $again
        (call $log (local.get 0))
        (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get 0) (i32.const 300000))))))`;
  await session.load({ kind: "text", source: { language: "wat", text } });
  const view = await session.start({ invoke: "main", args: [] });
  expect(view.length).toBeGreaterThan(2_000_000);
  const begun = performance.now();
  const { lanes } = session.timeline(0, view.length, 1000);
  expect(lanes[0]!.marks.length).toBeLessThanOrEqual(1000);
  expect(lanes[0]!.marks.reduce((sum, { count }) => sum + count, 0)).toBe(300_000);
  // Not a measure, but no hang.
  expect(performance.now() - begun).toBeLessThan(5_000);
  const end = await session.move({ kind: "end" });
  // What is shown of a log is what fits, and it says so.
  expect(end.log.lines.at(-1)).toBe("299999");
  expect(end.log.before + end.log.lines.length).toBe(300_000);
  expect(end.log.lines.length).toBeLessThan(1_000);
  const middle = await session.move({ kind: "to", time: 1_000_000 });
  expect(middle.time).toBe(1_000_000);
  const before = await session.move({ kind: "back", count: 1 });
  expect(before.time).toBe(999_999);
});

test("a program without end is run as far as patience reaches", async () => {
  const session = new MachineSession(() => Promise.resolve(assemble));
  const text = `(module (func (export "main") (loop $again (br $again))))`;
  await session.load({ kind: "text", source: { language: "wat", text } });
  const view = await session.start({ invoke: "main", args: [] });
  expect(view.length).toBe(20_000_000);
  const end = await session.move({ kind: "end" });
  expect(end.end?.text).toMatch(/fuel exhausted/);
});

const wat = (text: string) => ({ kind: "text", source: { language: "wat", text } }) as const;

test("what cannot run is told, and the run before is still there", async () => {
  const { session } = await started("01-frame.md");
  const wrong = async (text: string): Promise<string> => {
    await session.load(wat(text));
    const failed = session.start({ invoke: "main", args: [] });
    return failed.then(
      () => "it ran",
      (error: unknown) => (error as Error).message,
    );
  };
  const main = '(func (export "main"))';
  for (const [kind, description] of [
    ["memory", "(memory 1)"],
    ["global", "(global i32)"],
    ["table", "(table 1 funcref)"],
  ])
    // prettier-ignore
    expect(await wrong(`(module (import "env" "x" ${description}) ${main})`)).toBe(
      `the program imports the ${kind} env.x: this page has functions only. Define it in the program`,
    );
  expect(await wrong(`(module (memory 65536) ${main})`)).toMatch(/memory of 4096 MiB/);
  expect(await wrong(`(module (func $s unreachable) (start $s) ${main})`)).toBe("unreachable");
  const view = await session.move({ kind: "end" });
  expect(view.end?.text).toBe("returned i32:120");
});

test("what the checker finds is shown, and when it was found", async () => {
  const { session, view } = await started("09-what-goes-wrong.md");
  expect(view.findings).toHaveLength(1);
  const [{ code, time, text }] = view.findings as [NonNullable<View["findings"]>[number]];
  expect({ code, time }).toEqual({ code: "record-past-end", time: view.length });
  expect(text).toContain("to do");
  const { lanes } = session.timeline(0, view.length, 800);
  expect(lanes[0]!.marks.map(({ kind }) => kind)).toContain("finding");
  // A program without asyncify has nothing to check.
  expect((await started("01-frame.md")).view.findings).toBeNull();
});

test("a module that Binaryen has instrumented unwinds by itself, and is followed", async () => {
  const session = new MachineSession(() => Promise.resolve(assemble));
  const name = "crossing.twin-O2.wasm";
  const bytes = new Uint8Array(readFileSync(new URL(`../../fixtures/wasm/${name}`, import.meta.url))); // prettier-ignore
  await session.load({ kind: "bytes", name, bytes });
  const view = await session.start({ invoke: "crossing", args: ["4"] });
  const { lanes, states } = session.timeline(0, view.length, 800);
  expect(lanes.map((lane) => lane.name)).toEqual(["main", "fiber 1", "fiber 2"]);
  expect(states.length).toBeGreaterThan(4);
  expect((await session.move({ kind: "end" })).log.lines).toEqual(["1", "20", "3", "40"]);
});
