// Every fixture program, every twin, every run of the manifest: Bobbin with native
// asyncify, Bobbin on the twin, and the host's engine on the twin are the same up to
// E2; results and logs are what the models say, who know nothing of fibers; and the
// checker finds nothing, on plain modules with self-contained records and on twins.

import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { decode } from "../src/binary/decode.js";
import { compareProgram } from "../src/compare/programs.js";
import { runNative } from "../src/compare/native.js";
import type { HostScript } from "../src/compare/host.js";
import type { AsyncifyOptions } from "../src/fiber/asyncify/roles.js";
import { runTwinOnBobbin } from "../src/compare/twin.js";
import { Checker } from "../src/observe/check/checker.js";
import { checkStatically } from "../src/observe/check/static.js";
import { twinParts } from "../src/observe/twin-parts.js";
import type { ModuleInstance } from "../src/runtime/instances.js";
import { formatValue, parseValue } from "../src/runtime/notation.js";
import type { NumType } from "../src/syntax/types.js";
import { validate, type ValidModule } from "../src/valid/validate.js";

interface FixtureRun {
  readonly invoke: string;
  readonly args: readonly string[];
  readonly results?: readonly string[];
  readonly trap?: string;
  readonly hostCalls: number;
  readonly logged?: readonly string[];
}
interface Fixture {
  readonly file: string;
  readonly program: string;
  readonly twins: readonly { readonly file: string; readonly optimizeLevel: number }[];
  readonly asyncify: AsyncifyOptions;
  readonly host: string;
  readonly exports: Readonly<
    Record<string, { readonly params: NumType[]; readonly results: NumType[] }>
  >;
  readonly runs: readonly FixtureRun[];
}

const path = (file: string): string =>
  fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url));
const { modules } = JSON.parse(readFileSync(path("manifest.json"), "utf8")) as {
  modules: Fixture[];
};
const load = (file: string) => readFileSync(path(file));

const watching = (checker: Checker) => ({
  onEvent: checker.event,
  observer: checker.observer,
  onInstance: (made: ModuleInstance) => checker.attach(made),
});
const itselfOf = (module: ValidModule) => {
  const { runtime } = twinParts(module);
  const indices = module.context.funcs.map((_, i) => [i, i] as const);
  return new Map(indices.filter(([i]) => !runtime.has(i)));
};

/** Text of a value, as the manifest has it: decimal fractions in JavaScript's spelling. */
const same = (found: string, expected: string): boolean => {
  if (found === expected) return true;
  const number = (text: string) => Number(text.slice(4).replace("inf", "Infinity"));
  return (
    found.startsWith("f") &&
    found.slice(0, 3) === expected.slice(0, 3) &&
    Object.is(Math.fround(number(found)), Math.fround(number(expected)))
  );
};

describe.each(modules.map((fixture) => [fixture.file, fixture] as const))(
  "%s",
  (_file, fixture) => {
    const plain = validate(decode(load(fixture.file)));
    const runs = fixture.runs.map((run) => [`${run.invoke}(${run.args.join(", ")})`, run] as const);

    test.each(runs)(
      "%s",
      async (_name, run) => {
        const { default: hostScript } = (await import(pathToFileURL(path(fixture.host)).href)) as {
          default: HostScript;
        };
        const args = run.args.map((text, i) =>
          parseValue(text, fixture.exports[run.invoke]!.params[i]!),
        );
        const request = { hostScript, invoke: run.invoke, args };

        for (const twin of fixture.twins) {
          const {
            level,
            pairs,
            runs: all,
          } = await compareProgram({
            ...request,
            plain,
            twin: load(twin.file),
            asyncify: fixture.asyncify,
          });
          expect({ level, pairs }).toMatchObject({ level: "E2" });
          expect(all.native.events.filter((e) => e.type === "host").length).toBe(run.hostCalls);
        }

        const logged: string[] = [];
        const checker = new Checker(plain, { asyncify: fixture.asyncify });
        const { results, error } = await runNative({
          ...request,
          module: plain,
          asyncify: fixture.asyncify,
          context: { log: (...values) => void logged.push(values.join(" ")) },
          ...watching(checker),
        });
        checker.finish();
        const overflows = fixture.program === "overflow" && run.trap !== undefined;
        const codes = overflows ? ["record-past-end"] : [];
        expect(checker.findings.map(({ code }) => code)).toEqual(codes);
        for (const twin of fixture.twins) {
          // As it is: nothing is known of the plain module.
          const itself = validate(decode(load(twin.file)));
          const watcher = new Checker(itself);
          await runTwinOnBobbin({
            ...request,
            bytes: itself.bytes,
            plain: itself,
            mapping: itselfOf(itself),
            ...watching(watcher),
          });
          watcher.finish();
          expect(watcher.findings.map(({ code }) => code)).toEqual(codes);
          expect(checkStatically(itself)).toEqual([]);
        }
        expect(checkStatically(plain, fixture.asyncify)).toEqual([]);
        if (run.trap !== undefined) expect(error?.kind).toBe("trap");
        else {
          expect(error).toBeUndefined();
          const texts = results!.map((value) => formatValue(value));
          expect(texts.length).toBe(run.results!.length);
          for (const [i, text] of texts.entries())
            expect([text, same(text, run.results![i]!)]).toEqual([text, true]);
          if (run.logged !== undefined) expect(logged).toEqual(run.logged);
        }
      },
      120_000,
    );
  },
);
