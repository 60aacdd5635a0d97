// Going back: every place that a program comes to is come to again, from behind, and looks as
// it did; searches find what going forward found; the past can be changed.

import { describe, expect, test } from "@jest/globals";
import { imageOf } from "../history/history.testing.js";
import { formatPosition } from "../history/position.js";
import { i32 } from "../runtime/values.js";
import { random } from "../util/random.js";
import { debug, RESULT } from "./program.testing.js";
import { stopLines } from "./render-stops.js";
import type { DebugSession, Stop } from "./session.js";
import { watchTarget } from "./watch.js";

const told = (session: DebugSession, stop: Stop): string =>
  stopLines(stop, session.instance).join("\n") || stop.kind;

const place = (session: DebugSession): string => formatPosition(session.position!);

const look = async ({ machine, instances, asyncify }: DebugSession): Promise<string> => {
  const { exact, outline } = imageOf({ machine, instances, asyncify, abi: null });
  return `${await outline} ${await exact}`;
};

/** Steps to the end. Returns all places on the way, and how they look. */
async function forward(session: DebugSession) {
  const places: string[] = [];
  const looks: string[] = [];
  while (session.end === null) {
    places.push(place(session));
    looks.push(await look(session));
    await session.step();
  }
  expect(session.end).toEqual({ kind: "returned", results: [i32(RESULT)] });
  return { places, looks };
}

test("step by step back to the start, over an unwind and the host's answers, and on to the end", async () => {
  const session = debug(4, true);
  const { places, looks } = await forward(session);
  expect(places.length).toBeGreaterThan(120);
  expect(places.some((text) => text.includes("+"))).toBe(true);
  for (let i = places.length - 1; i >= 0; i--) {
    expect(await session.stepBack()).toEqual({ kind: "stepped" });
    expect(place(session)).toBe(places[i]);
    expect(await look(session)).toBe(looks[i]);
  }
  expect(await session.stepBack()).toEqual({ kind: "start" });
  expect(place(session)).toBe(places[0]);
  for (let i = 0; i < places.length; i++) {
    expect(place(session)).toBe(places[i]);
    expect(await look(session)).toBe(looks[i]);
    await session.step();
  }
  expect(session.end).toEqual({ kind: "returned", results: [i32(RESULT)] });
}, 120_000);

test("to and fro at random", async () => {
  const session = debug(4, true);
  const { places, looks } = await forward(debug(4, true));
  const next = random(5);
  let at = 0;
  for (let i = 0; i < 120; i++) {
    const count = 1 + (next() % 40);
    if (next() % 2 === 0) {
      const stop = await session.stepBack(count);
      expect(stop.kind).toBe(count > at ? "start" : "stepped");
      at = Math.max(0, at - count);
    } else if (at + count < places.length) {
      await session.step(count);
      at += count;
    }
    expect(place(session)).toBe(places[at]);
    expect(await look(session)).toBe(looks[at]);
  }
}, 120_000);

describe("searches", () => {
  /** Going forward, then back, with a stop set: what is come to. */
  async function bothWays(set: (session: DebugSession) => void) {
    const session = debug(4, true);
    set(session);
    const there: string[] = [];
    for (;;) {
      const stop = await session.continue();
      if (session.end !== null) break;
      there.push(`${told(session, stop)} ${place(session)}`);
    }
    const back: string[] = [];
    for (;;) {
      const stop = await session.continueBack();
      if (stop.kind === "start") break;
      back.push(`${told(session, stop)} ${place(session)}`);
    }
    return { there, back: back.reverse() };
  }

  test("breakpoints are come to in the same places", async () => {
    const { there, back } = await bothWays((session) => {
      session.stops.add({ kind: "code", place: "sum+0x2" }, { condition: "$n != 2" });
      session.stops.add({ kind: "code", place: "a" });
    });
    expect(there).toHaveLength(5);
    expect(back).toEqual(there);
  });

  test("exceptions, before they are thrown, as they are caught", async () => {
    const only = (event: "throw" | "catch", condition: string) =>
      bothWays((session) => void session.stops.add({ kind: "event", event }, { condition }));
    const thrown = await only("throw", "$n == 5");
    expect(thrown.there).toHaveLength(1);
    expect(thrown.back).toEqual(thrown.there);
    const caught = await only("catch", "top == 5");
    expect(caught.there).toEqual([expect.stringMatching(/^stop 1: .* caught in catching 3:80$/)]);
    expect(caught.back).toEqual([expect.stringMatching(/^stop 1: .* caught in catching 3:79$/)]);
  });

  test("of what is written and of events, the place before", async () => {
    const target = watchTarget("i32[100]", debug().scope());
    const { there, back } = await bothWays((session) => {
      session.stops.add({ kind: "watch", target });
      session.stops.add({ kind: "event", event: "push" });
      session.stops.add({ kind: "event", event: "host-call" });
    });
    const without = (lines: string[]) => lines.map((line) => line.replace(/ [\d:+]+$/, ""));
    expect(without(back)).toEqual(without(there));
    expect(there.length).toBeGreaterThan(6);
  });

  test("the last time that something was written", async () => {
    const session = debug(4, true);
    await session.finish();
    const written = async (text: string) => {
      const stop = await session.lastWrite(watchTarget(text, session.scope()));
      return told(session, stop);
    };
    expect(await written("global1")).toMatch(
      /about to be written by run\+0x[\da-f]+ .*global\.set/,
    );
    expect(await written("i32[100]")).toMatch(/by sum.*\n  was 9, is 10/);
    expect(await written("i32[100]")).toMatch(/by sum.*\n  was 7, is 9/);
    await session.goToEvent(99).catch((error: unknown) => expect(String(error)).toMatch(/no event 99/)); // prettier-ignore
    expect(place(session)).not.toBe("1:0");
    await expect(written("i32[4000]")).rejects.toThrow(/nobody has written to i32\[0xfa0\]/);
  });

  test("what the host wrote", async () => {
    const session = debug(4, true);
    session.stops.add({ kind: "event", event: "host-return", of: "env.poke" });
    await session.continue();
    const stop = await session.lastWrite(watchTarget("i32[200]", session.scope()));
    expect(told(session, stop)).toMatch(/by the host in env\.poke\n {2}was 0, is 43981/);
  });

  test("over calls, and to the call of a frame", async () => {
    const session = debug(4, true);
    session.stops.add({ kind: "code", place: "sum+0x5" });
    await session.continue();
    await session.finishBack();
    const { func } = session.fiber.top;
    expect(func.index).toBe(session.instance.func("run").index);
    const call = place(session);
    session.stops.deleteAll();
    await session.next();
    await session.nextBack();
    expect(place(session)).toBe(call);
  });
});

test("a position to which the run does not come is refused, and nothing moves", async () => {
  const session = debug(4, true);
  await session.step(30);
  const here = place(session);
  for (const position of [
    { entries: 1, executed: 5000, drops: 0 },
    { entries: 9000, executed: 5, drops: 0 },
    { entries: 0, executed: 3, drops: 0 },
    { entries: 1, executed: 5, drops: 7 },
  ])
    await expect(session.goTo(position)).rejects.toThrow(
      /does not come to|did not when it was recorded/,
    );
  expect(place(session)).toBe(here);
  await session.stepBack();
  await expect(session.goTo({ entries: 1, executed: 1, drops: 900 })).rejects.toThrow();
  await session.step();
  expect(place(session)).toBe(here);
});

describe("another past", () => {
  test("a change is part of the history, and what follows from it", async () => {
    const session = debug(4, true);
    session.stops.add({ kind: "code", place: "sum" });
    await session.continue();
    session.setLocal(0, 0, i32(2));
    await session.step(20);
    await session.goTo(session.position!);
    await session.stepBack(15);
    const changed = await session.stepBack(30);
    expect(changed.kind).toBe("start");
    await session.continue();
    const stop = await session.continue();
    expect(stop).not.toEqual({ kind: "returned", results: [i32(RESULT)] });
    expect(session.end?.kind).toBe("returned");
  });

  test("of a past that was changed nobody knows what the host would answer", async () => {
    const session = debug(4, true);
    await session.finish();
    await session.goToEvent(2);
    session.setOperand(0, 1, i32(1000));
    const stop = await session.continue();
    expect(told(session, stop)).toBe("nobody recorded an answer to env.log(i32:1000)");
    await session.stepBack();
    expect(session.instance.globals[1]!.words[0]).toBe(10);
  });
});
