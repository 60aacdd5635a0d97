import { expect, test } from "@jest/globals";
import { i32 } from "../runtime/values.js";
import { type ChromeEvent, PerfettoTimeline } from "./perfetto.js";
import type { TracedEvent } from "./tracer.js";

const STACK = { data: 16, pos: 24, end: 64, sp: null };
const unwinds = { type: "runtime", name: "start_unwind", argument: 16, before: "normal", after: "unwinding", ...STACK } as const; // prettier-ignore
const stops = { ...unwinds, name: "stop_unwind", argument: null, before: "unwinding", after: "normal" } as const; // prettier-ignore
const fiber = (action: "create" | "suspend" | "resume", ...fibers: number[]) =>
  ({ type: "fiber", action, runtime: "stackful", fibers, at: 16 }) as const;
type Untold = TracedEvent extends infer E ? (E extends unknown ? Omit<E, "seq"> : never) : never;

function timelineOf(...events: Untold[]): ChromeEvent[] {
  const timeline = new PerfettoTimeline();
  const all = events.flatMap((event, i) => timeline.add({ ...event, seq: i + 1 } as TracedEvent));
  return [...all, ...timeline.finish()];
}

/** Every lane's slices end in the order in which they must, and time goes forward. */
function checkNesting(events: readonly ChromeEvent[]): void {
  const open = new Map<unknown, number>();
  let now = 0;
  for (const { ph, tid, ts } of events) {
    if (ts !== undefined) expect(ts).toBeGreaterThanOrEqual(now);
    now = Number(ts ?? now);
    if (ph === "B") open.set(tid, (open.get(tid) ?? 0) + 1);
    if (ph === "E") open.set(tid, open.get(tid)! - 1);
    expect(open.get(tid) ?? 0).toBeGreaterThanOrEqual(0);
  }
  expect([...open.values()].every((n) => n === 0)).toBe(true);
}

test("a fiber's lane has a slice for each time it is on; an arrow leads to where it is resumed", () => {
  const events = timelineOf(
    { fiber: 0, type: "call", name: "run", args: [i32(1)] },
    { fiber: 0, ...fiber("create", 1) },
    { fiber: 1, ...unwinds },
    { fiber: 0, ...stops },
    { fiber: 0, ...fiber("suspend", 1) },
    { fiber: 0, ...fiber("resume", 1) },
    { fiber: 1, type: "host", module: "env", name: "log", args: [] },
    { fiber: 1, type: "host return", module: "env", name: "log", results: [] },
  );
  checkNesting(events);
  const slices = events.filter(({ ph, name }) => ph === "B" && name === "on");
  expect(slices.map(({ tid, ts }) => [tid, ts])).toEqual([[0, 1], [1, 3], [0, 4], [1, 7]]); // prettier-ignore
  expect(events.filter(({ ph }) => ph === "s" || ph === "f")).toMatchObject([
    { ph: "s", tid: 1, ts: 5, id: 1 },
    { ph: "f", tid: 1, ts: 6, id: 1 },
  ]);
  const names = events.filter(({ ph, name }) => ph === "M" && name === "thread_name");
  expect(names.map(({ args }) => (args as { name: string }).name)).toEqual(["calls", "asyncify", "main", "fiber 1"]); // prettier-ignore
});

test.each([
  [{ type: "trap", name: "run", reason: "unreachable" }],
  [{ type: "exit", name: "run", code: 1 }],
] as const)("what ends without telling is ended with what is around it: %j", (end) => {
  const events = timelineOf(
    { fiber: 0, type: "call", name: "run", args: [] },
    { fiber: 0, type: "host", module: "env", name: "ask", args: [] },
    { fiber: 0, type: "call", name: "inner", args: [] },
    { fiber: 0, ...end },
    { fiber: 0, type: "call", name: "again", args: [] },
    { fiber: 0, ...unwinds },
  );
  checkNesting(events);
  const again = events.findIndex(({ ph, name }) => ph === "B" && name === "again");
  const { tid: calls } = events[again]!;
  const ended = events.slice(0, again).filter(({ ph, tid }) => ph === "E" && tid === calls);
  expect(ended).toHaveLength(3);
});
