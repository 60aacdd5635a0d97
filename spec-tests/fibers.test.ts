// Every fixture with the fiber assembly, every run of the manifest, on the native fiber
// ABI: what the host sees, how it ends, final globals, and memory outside of what
// unwinding wrote are as in the host's engine on the instrumented twin; the fibers are
// made, suspended and resumed in the same order as the unwinds tell it; and what an
// optimizer made of the module makes no difference.

import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { decode } from "../src/binary/decode.js";
import { compareRuns } from "../src/compare/compare.js";
import { asyncifyAreas, definedFibers, memoryDifference } from "../src/compare/fibers.js";
import type { HostScript } from "../src/compare/host.js";
import { runNative } from "../src/compare/native.js";
import { runOnEngine } from "../src/compare/v8.js";
import { Tracer, type TracedEvent } from "../src/observe/tracer.js";
import { parseValue } from "../src/runtime/notation.js";
import type { NumType } from "../src/syntax/types.js";
import { validate } from "../src/valid/validate.js";

interface FixtureRun {
  readonly invoke: string;
  readonly args: readonly string[];
}
interface Fixture {
  readonly file: string;
  readonly program: string;
  readonly twins: readonly { readonly file: string }[];
  readonly host: string;
  readonly exports: Readonly<Record<string, { readonly params: NumType[] }>>;
  readonly runs: readonly FixtureRun[];
}

const path = (file: string): string =>
  fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url));
const load = (file: string) => readFileSync(path(file));
const { modules } = JSON.parse(readFileSync(path("manifest.json"), "utf8")) as {
  modules: Fixture[];
};
const withFibers = modules.filter(
  ({ file }) => definedFibers(validate(decode(load(file)))) !== null,
);

/** How the program's fibers fared, without numbers of events. */
function fiberStory(events: readonly TracedEvent[]) {
  return events.flatMap((event) => {
    if (event.type !== "fiber") return [];
    const { fiber, action, fibers, at } = event;
    return [{ fiber, action, fibers, at }];
  });
}

async function requestOf(fixture: Fixture, run: FixtureRun) {
  const { default: hostScript } = (await import(pathToFileURL(path(fixture.host)).href)) as {
    default: HostScript;
  };
  const { params } = fixture.exports[run.invoke]!;
  const args = run.args.map((text, i) => parseValue(text, params[i]!));
  return { hostScript, invoke: run.invoke, args };
}

test("all programs that are linked with the assembly have it found", () => {
  const driven = new Set(["sleep", "overflow"]);
  expect(withFibers).toEqual(modules.filter(({ program }) => !driven.has(program)));
});

describe.each(withFibers.map((fixture) => [fixture.file, fixture] as const))(
  "%s",
  (_file, fixture) => {
    const module = validate(decode(load(fixture.file)));
    const runs = fixture.runs.map((run) => [`${run.invoke}(${run.args.join(", ")})`, run] as const);

    test.each(runs)(
      "%s",
      async (_name, run) => {
        const request = await requestOf(fixture, run);
        const stories: TracedEvent[][] = [[], []];
        const [asyncify, native] = await Promise.all(
          [false, true].map((nativeFibers, i) => {
            const tracer = new Tracer((event) => stories[i]!.push(event));
            const { observer } = tracer;
            return runNative({ ...request, module, nativeFibers, observer, onEvent: tracer.event });
          }),
        );
        expect(native!.events.some(({ type }) => type === "runtime")).toBe(false);
        expect(compareRuns(native!, asyncify!, "E0")).toBeNull();
        expect(fiberStory(stories[1]!)).toEqual(fiberStory(stories[0]!));
        for (const { file } of fixture.twins) {
          const host = await runOnEngine({ ...request, bytes: load(file), plain: module });
          expect(compareRuns(native!, host, "E0")).toBeNull();
          expect(memoryDifference(native!, host, asyncifyAreas(host.events))).toBeNull();
        }
      },
      120_000,
    );
  },
);
