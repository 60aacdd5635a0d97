// Snapshots of the fixtures, with fibers by unwinding and by native switches: however often
// a run is saved and loaded in another machine, results, host calls, memory, globals and the
// sequence of calls and returns are those of the run that nobody touched. One process saves
// and another goes on; and a file of version 1 loads for ever.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { decode } from "../src/binary/decode.js";
import type { Host, HostScript } from "../src/compare/host.js";
import { nativeWaiting } from "../src/compare/host.js";
import { drive } from "../src/exec/drive.js";
import type { Observer } from "../src/exec/hooks.js";
import { getGlobal, instantiate } from "../src/exec/instantiate.js";
import { Machine } from "../src/exec/machine.js";
import { FiberAbi } from "../src/fiber/abi/abi.js";
import { recognizeFibers } from "../src/fiber/abi/recognize.js";
import { Asyncify } from "../src/fiber/asyncify/asyncify.js";
import { jsImports } from "../src/js-api/imports.js";
import { mergeImports } from "../src/runtime/instances.js";
import { formatValue, parseValue } from "../src/runtime/notation.js";
import { i32, type Value } from "../src/runtime/values.js";
import { hashOf } from "../src/snapshot/format.js";
import { loadSnapshot, type LoadedSnapshot } from "../src/snapshot/load.js";
import { saveSnapshot } from "../src/snapshot/save.js";
import type { NumType } from "../src/syntax/types.js";
import { random } from "../src/util/random.js";
import { validate } from "../src/valid/validate.js";

interface Fixture {
  readonly file: string;
  readonly host: string;
  readonly exports: Readonly<Record<string, { readonly params: NumType[] }>>;
  readonly runs: readonly {
    readonly invoke: string;
    readonly args: readonly string[];
    readonly hostCalls: number;
  }[];
}

const path = (file: string): string =>
  fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url));
const { modules } = JSON.parse(readFileSync(path("manifest.json"), "utf8")) as {
  modules: Fixture[];
};
const moduleOf = (file: string) => validate(decode(new Uint8Array(readFileSync(path(file)))));
const ALL = modules.map((fixture) => ({ ...fixture, module: moduleOf(fixture.file) }));
type Loaded = (typeof ALL)[number];

/** What a run looks like from outside, and its calls from inside. */
class Run {
  readonly events: string[] = [];
  readonly observer: Observer = {
    enter: ({ id, top }) => void this.events.push(`${id} enter ${top.func.index}`),
    leave: ({ id, top }, how) => void this.events.push(`${id} ${how} ${top.func.index}`),
    hostCall: (_fiber, func, args) =>
      void this.events.push(`host ${func.name}(${args.map((a) => formatValue(a)).join()})`),
  };
  host!: Host;
  /** Where the run stands now. */
  at!: LoadedSnapshot;

  async begin({ module, host }: Loaded, native: boolean): Promise<LoadedSnapshot> {
    const { default: script } = (await import(pathToFileURL(path(host)).href)) as {
      default: HostScript;
    };
    const machine = new Machine({ observer: this.observer });
    this.host = await script({
      ...nativeWaiting(machine),
      log: (...values) => this.events.push(values.join(" ")),
    });
    const asyncify = new Asyncify(module, { imports: ["env.sleep"] });
    const fibers = native ? new FiberAbi(module) : null;
    machine.interposer = asyncify;
    const imports = mergeImports(
      new Map([["asyncify", asyncify.imports]]),
      fibers?.imports ?? new Map(),
      jsImports(machine, module, this.host.imports ?? {}),
    );
    const attach = (made: Parameters<Asyncify["attach"]>[0]) => {
      asyncify.attach(made);
      fibers?.attach(made);
    };
    const instance = instantiate(machine, module, imports, attach, fibers?.functions);
    return { machine, instances: [instance], asyncify, fibers, suspended: [] };
  }

  /** The same machine, as another one. */
  async moved({ machine, ...at }: LoadedSnapshot): Promise<LoadedSnapshot> {
    const bytes = await saveSnapshot(machine, at);
    const loaded = await loadSnapshot(bytes, {
      supply: (made, module) => jsImports(made, module, this.host.imports ?? {}),
      machine: { observer: this.observer },
    });
    const again = await saveSnapshot(loaded.machine, loaded);
    expect(await hashOf(again)).toBe(await hashOf(bytes));
    return loaded;
  }

  /** Runs the call on the machine to its end, which may be a trap. */
  async call(
    begun: LoadedSnapshot,
    name: string,
    args: readonly Value[],
    pieces: () => number,
  ): Promise<LoadedSnapshot> {
    let at = (this.at = begun);
    at.machine.start(at.instances[0]!.func(name), args);
    for (;;) {
      try {
        const outcome = await drive(at.machine, { fuel: pieces() });
        if (outcome.kind === "returned") {
          this.events.push(`returned ${outcome.results.map((v) => formatValue(v)).join()}`);
          return at;
        }
      } catch (error) {
        this.events.push(String(error));
        return at;
      }
      at = this.at = await this.moved(at);
    }
  }

  async summary({ machine, instances }: LoadedSnapshot) {
    const [instance] = instances;
    return {
      executed: machine.executed,
      memory: await Promise.all(instance!.memories.map(({ bytes }) => hashOf(bytes))),
      globals: instance!.globals.map((global) => formatValue(getGlobal(global))),
      events: this.events,
    };
  }
}

const driven = ALL.filter(({ host }) => !host.includes("sleep"));
const withSleep = ALL.filter(({ host }) => host.includes("sleep"));
const argumentsOf = ({ exports }: Loaded, run: Fixture["runs"][number]): Value[] =>
  run.args.map((text, i) => parseValue(text, exports[run.invoke]!.params[i]!));

describe.each(driven.map((fixture) => [fixture.file, fixture] as const))("%s", (_file, fixture) => {
  const modes = recognizeFibers(fixture.module) === null ? [false] : [false, true];
  test.each(modes)(
    "native fibers: %s",
    async (native) => {
      for (const run of fixture.runs.slice(0, 2)) {
        const args = argumentsOf(fixture, run);
        const whole = new Run();
        const end = await whole.call(await whole.begin(fixture, native), run.invoke, args, () => Infinity); // prettier-ignore
        const expected = await whole.summary(end);
        // Some six pieces of random length.
        const next = random(expected.executed);
        const piece = Math.max(1, Math.ceil(expected.executed / 3));
        const parts = new Run();
        const last = await parts.call(await parts.begin(fixture, native), run.invoke, args, () => 1 + (next() % piece)); // prettier-ignore
        expect(await parts.summary(last)).toEqual(expected);
      }
    },
    120_000,
  );
});

test.each(withSleep.map((fixture) => [fixture.file, fixture] as const))(
  "%s: a host that unwinds, between and during its calls",
  async (_file, fixture) => {
    const { invoke, args: texts } =
      fixture.runs.find((run) => run.hostCalls > 2) ?? fixture.runs[0]!;
    /** What the host script does, but with its state in the open: it is not the machine's. */
    const story = async (run: Run, pieces: () => number, move: boolean) => {
      const args = texts.map((text, i) => parseValue(text, fixture.exports[invoke]!.params[i]!));
      let at = (run.at = await run.begin(fixture, false));
      const exported = (name: string) => run.at.instances[0]!.func(name);
      const program = () =>
        Object.fromEntries(
          ["buffer", "get_state", "start_unwind", "stop_rewind"].map((name) => [
            `asyncify_${name}`,
            (data?: number) => {
              const given = data === undefined ? [] : [i32(data)];
              const [result] = run.at.machine.invoke(exported(`asyncify_${name}`), given);
              return (result as { value: number } | undefined)?.value;
            },
          ]),
        );
      // The script's own `invoke` keeps the program: this one only lends it.
      const lend = run.host.invoke!({ exports: { ...program(), none: () => 0 } }, "none", []);
      await lend;
      for (;;) {
        at = await run.call(at, invoke, args, pieces);
        const ended = !run.events.at(-1)!.startsWith("returned");
        if (ended || at.asyncify!.state !== 1) return run.summary(at);
        if (move) at = run.at = await run.moved(at);
        at.machine.invoke(at.asyncify!.functions.get("stop_unwind")!, []);
        const buffer = i32(at.asyncify!.data);
        if (move) at = run.at = await run.moved(at);
        at.machine.invoke(at.asyncify!.functions.get("start_rewind")!, [buffer]);
        if (move) at = run.at = await run.moved(at);
      }
    };
    const whole = await story(new Run(), () => Infinity, false);
    const next = random(1);
    const piece = Math.max(1, Math.ceil(whole.executed / 4));
    const parts = await story(new Run(), () => 1 + (next() % piece), true);
    expect(parts.events).toEqual(whole.events);
    expect(parts.memory).toEqual(whole.memory);
    expect(parts.globals).toEqual(whole.globals);
  },
  120_000,
);

describe("processes", () => {
  const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
  const bobbin = (...args: string[]) =>
    execFileSync(process.execPath, [cli, ...args], { encoding: "utf8", stdio: "pipe" });
  const file = path("wasm/crossing.wasm");
  const host = ["--host", path("hosts/logging.mjs")];
  const out = join(mkdtempSync(join(tmpdir(), "bobbin-snapshot-")), "half.snap");

  test.each([["asyncify"], ["native"]])("one saves, another goes on: %s", (abi) => {
    const whole = bobbin("run", file, "--invoke", "crossing", "4", ...host, "--fiber-abi", abi);
    const first = bobbin("run", file, "--invoke", "crossing", "4", ...host, "--fiber-abi", abi, "--snapshot", out, "--snapshot-after", "500"); // prettier-ignore
    const rest = bobbin("resume", out, ...host);
    expect(first + rest).toBe(whole);
    expect(first).not.toBe("");
  });

  test("what is damaged is refused with exit code 2", () => {
    bobbin("run", file, "--invoke", "crossing", "4", ...host, "--snapshot", out, "--snapshot-at-host", "env.log_i32"); // prettier-ignore
    const { status, stderr } = spawnSync(process.execPath, [cli, "resume", file], { encoding: "utf8" }); // prettier-ignore
    expect(status).toBe(2);
    expect(stderr).toMatch(/this is no snapshot/);
  });
});

test("a file of version 1 loads for ever", async () => {
  const golden = new URL("golden/crossing-v1.bobbin", import.meta.url);
  const events: string[] = [];
  const { machine } = await loadSnapshot(readFileSync(golden), {
    supply: (made, module) =>
      jsImports(made, module, { env: { log_i32: (value: number) => events.push(String(value)) } }),
  });
  const outcome = await drive(machine);
  expect(outcome).toEqual({ kind: "returned", results: [i32(49144)] });
  expect(events).toEqual(["3", "40"]);
});
