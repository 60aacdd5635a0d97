// Each invariant broken by a sequence of its own, and the sequences beside them that
// must stay silent.

import { describe, expect, test } from "@jest/globals";
import type {
  AsyncifyState,
  RecordEvent,
  RuntimeEvent,
  RuntimeName,
  TraceEvent,
} from "./events.js";
import { InvariantChecker, type InvariantCode } from "./invariants.js";

const DATA = 100;
const stack = (pos: number, sp = 9000) => ({ data: DATA, pos, end: 2000, sp });
const states: Record<RuntimeName, AsyncifyState | null> = {
  start_unwind: "unwinding",
  stop_unwind: "normal",
  start_rewind: "rewinding",
  stop_rewind: "normal",
  get_state: null,
};
const runtime = (
  name: RuntimeName,
  before: AsyncifyState,
  pos: number,
  sp?: number,
): RuntimeEvent => ({
  type: "runtime",
  name,
  argument: name.startsWith("start_") ? DATA : null,
  before,
  after: states[name] ?? before,
  ...stack(pos, sp),
});
const record = (
  type: "push" | "pop",
  address: number,
  over: Partial<RecordEvent> = {},
): RecordEvent => ({
  type,
  func: 1,
  name: "f",
  callIndex: 0,
  address,
  size: 16,
  ...stack(type === "push" ? address + 16 : address),
  ...over,
});

const UNWIND = [
  runtime("start_unwind", "normal", 1000),
  record("push", 1000),
  record("push", 1016, { func: 2, name: "g" }),
  runtime("stop_unwind", "unwinding", 1032),
];
const REWIND = [
  runtime("start_rewind", "normal", 1032),
  record("pop", 1016, { func: 2, name: "g" }),
  record("pop", 1000),
  runtime("stop_rewind", "rewinding", 1000),
];

const findings = (events: readonly TraceEvent[], bytesAt?: () => Uint8Array): InvariantCode[] => {
  const checker = new InvariantChecker(bytesAt);
  for (const event of events) checker.event(event);
  return checker.findings.map(({ code }) => code);
};

describe("silent", () => {
  test.each<[string, readonly TraceEvent[]]>([
    ["an unwind and its rewind", [...UNWIND, ...REWIND]],
    ["the same continuation rewound twice", [...UNWIND, ...REWIND, ...REWIND]],
    ["a continuation abandoned", [...UNWIND, ...UNWIND, ...REWIND]],
    ["stop_unwind in the normal state", [runtime("stop_unwind", "normal", 1000)]],
    [
      "a gap between records, as a fiber switch leaves it",
      [
        runtime("start_unwind", "normal", 1000),
        record("push", 1000),
        record("push", 1032),
        runtime("stop_unwind", "unwinding", 1048),
      ],
    ],
    [
      "a rewind of something never seen suspended",
      [
        runtime("start_rewind", "normal", 1032),
        record("pop", 1016),
        runtime("stop_rewind", "rewinding", 1016),
      ],
    ],
  ])("%s", (_name, events) => {
    expect(findings(events, () => new Uint8Array([1, 2]))).toEqual([]);
  });
});

/** Memory that keeps what records are made of: each byte says which record it belongs to. */
function memory() {
  const bytes = new Uint8Array(4096);
  return { bytes, at: (address: number, length: number) => bytes.slice(address, address + length) };
}

describe("continuations that were copied", () => {
  const filled = () => {
    const { bytes, at } = memory();
    bytes.fill(1, 1000, 1016);
    bytes.fill(2, 1016, 1032);
    return { bytes, at };
  };
  const moved = (by: number): TraceEvent[] => [
    runtime("start_rewind", "normal", 1032 + by),
    record("pop", 1016 + by, { func: 2, name: "g" }),
    record("pop", 1000 + by),
    runtime("stop_rewind", "rewinding", 1000 + by),
  ];
  const check = (at: (address: number, length: number) => Uint8Array) => {
    const checker = new InvariantChecker(at);
    return {
      checker,
      feed: (events: readonly TraceEvent[]) => events.forEach((e) => checker.event(e)),
    };
  };

  test("to another place", () => {
    const { bytes, at } = filled();
    const { checker, feed } = check(at);
    feed(UNWIND);
    bytes.copyWithin(2000, 1000, 1032);
    bytes.fill(9, 1000, 1032);
    feed(moved(1000));
    expect(checker.findings).toEqual([]);
  });

  test("and put back where another one lay meanwhile", () => {
    const { bytes, at } = filled();
    const { checker, feed } = check(at);
    feed(UNWIND);
    bytes.copyWithin(2000, 1000, 1032);
    bytes.fill(7, 1000, 1016);
    feed([
      UNWIND[0]!,
      record("push", 1000, { func: 5, name: "other" }),
      runtime("stop_unwind", "unwinding", 1016),
    ]);
    bytes.copyWithin(1000, 2000, 2032);
    feed(REWIND);
    expect(checker.findings).toEqual([]);
  });

  test("but not what was changed on the way", () => {
    const { bytes, at } = filled();
    const { checker, feed } = check(at);
    feed(UNWIND);
    bytes[1020] = 77;
    feed(REWIND);
    expect(checker.findings.map(({ code }) => code)).toEqual(["record-changed"]);
  });
});

describe("found", () => {
  const broken: readonly [InvariantCode, readonly TraceEvent[]][] = [
    [
      "unwind-not-normal",
      [runtime("start_unwind", "normal", 1000), runtime("start_unwind", "unwinding", 1000)],
    ],
    ["rewind-not-normal", [...UNWIND, runtime("start_rewind", "unwinding", 1032)]],
    [
      "stop-while-other",
      [runtime("start_rewind", "normal", 1000), runtime("stop_unwind", "rewinding", 1000)],
    ],
    ["record-outside-state", [record("push", 1000)]],
    ["position-not-moved", [UNWIND[0]!, record("push", 1000, stack(1000))]],
    ["record-past-end", [UNWIND[0]!, record("push", 1992)]],
    ["pop-not-pushed", [...UNWIND, REWIND[0]!, record("pop", 1016, { func: 3, name: "h" })]],
    ["pop-order", [...UNWIND, REWIND[0]!, REWIND[2]!]],
    ["rewind-incomplete", [...UNWIND, REWIND[0]!, REWIND[1]!, REWIND[3]!]],
    [
      "stack-pointer-changed",
      [...UNWIND, ...REWIND.slice(0, 3), runtime("stop_rewind", "rewinding", 1000, 8000)],
    ],
    ["rewind-not-stopped", [{ type: "return", name: "main", results: [], state: "rewinding" }]],
  ];
  test.each(broken)("%s", (code, events) => {
    expect(findings(events)).toContain(code);
  });

  test("record-changed", () => {
    let reads = 0;
    expect(findings([...UNWIND, ...REWIND], () => new Uint8Array([reads++]))).toContain(
      "record-changed",
    );
  });

  test("with the place and the names", () => {
    const checker = new InvariantChecker();
    for (const event of [...UNWIND, REWIND[0]!, REWIND[2]!]) checker.event(event);
    expect(checker.findings).toEqual([
      {
        code: "pop-order",
        event: 5,
        message: "popped f (call 0, 16 bytes at 0x3e8), expected g (call 0, 16 bytes at 0x3f8)",
      },
    ]);
  });
});
