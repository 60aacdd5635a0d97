// The host of a run as code: the replay runs here in the engine of this process, with a
// host that only writes down what it is told, and gives back the events of the run.

import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { i32, type Value } from "../runtime/values.js";
import { validate } from "../valid/validate.js";
import { compareRuns, project } from "./compare.js";
import { hostEngine } from "./engine.js";
import type { HostScript } from "./host.js";
import { runOnBobbin } from "./programs.js";
import { makeReplay } from "./replay.js";
import { eventsOf } from "./replay-events.js";
import { NotReplayable } from "./replay-plan.js";
import type { ToldRun } from "./told-run.js";

const at = (path: string): URL => new URL(`../../fixtures/${path}`, import.meta.url);
const script = async (name: string) =>
  ((await import(at(`hosts/${name}.mjs`).href)) as { default: HostScript }).default;

async function original(program: string, invoke: string, args: Value[], hostScript: HostScript) {
  const plain = validate(decode(readFileSync(at(`wasm/${program}.wasm`))));
  const twin = readFileSync(at(`wasm/${program}.twin-O2.wasm`));
  const asyncify = program === "sleep" ? { imports: ["env.sleep"] } : {};
  const { native } = await runOnBobbin({ plain, twin, invoke, args, hostScript, asyncify });
  return { native, twin: decode(twin) };
}

/** Prints as wasm-interp does. */
async function replayed(twin: ReturnType<typeof decode>, native: ToldRun): Promise<ToldRun> {
  const replay = makeReplay(twin, native);
  const lines: string[] = [];
  const unsigned = (value: number | bigint) =>
    typeof value === "bigint" ? `i64:${BigInt.asUintN(64, value)}` : `i32:${value >>> 0}`;
  const imports = new Proxy(
    {},
    {
      get: () => (tag: number, bits: bigint) =>
        void lines.push(`called host h.t(${unsigned(tag)}, ${unsigned(bits)}) =>`),
    },
  );
  const { instance } = await hostEngine().instantiate(replay.bytes, { h: imports });
  for (const [name, call] of Object.entries(instance.exports)) {
    const returned = (call as () => number | bigint | undefined)();
    lines.push(`${name}() =>${returned === undefined ? "" : ` ${unsigned(returned)}`}`);
  }
  return eventsOf(replay, lines.join("\n"), native);
}

test.each([
  ["hostcall", "converse", "logging", [i32(4)]],
  ["sleep", "main", "sleep", [i32(3)]],
  ["crossing", "crossing", "logging", [i32(6)]],
] as const)("%s meets the same host again", async (program, invoke, host, args) => {
  const { native, twin } = await original(program, invoke, [...args], await script(host));
  const again = await replayed(twin, native);
  expect(project(native, "E0").length).toBeGreaterThan(5);
  expect(compareRuns(native, again, "E0")).toBeNull();
});

test("a program that does something else is seen to", async () => {
  const { native, twin } = await original(
    "hostcall",
    "converse",
    [i32(4)],
    await script("logging"),
  );
  const bytes = new Uint8Array(twin.bytes);
  const other = await original("hostcall", "converse", [i32(3)], await script("logging"));
  const again = await replayed(decode(bytes), other.native);
  expect(compareRuns(native, again, "E0")).not.toBeNull();
});

test("hosts that cannot be replayed", async () => {
  const throwing: HostScript = () => ({
    imports: { env: { log_i32: () => { throw new Error("no"); } } }, // prettier-ignore
  });
  const { native, twin } = await original("crossing", "crossing", [i32(3)], throwing);
  expect(() => makeReplay(twin, native)).toThrow(new NotReplayable("its host throws"));
});
