// Roles and sites against Binaryen itself, on random modules with random options: the
// same functions are instrumented, each with the same calls in the same order and the
// same operands constant, and what is live for us is among what Binaryen saves.
// BOBBIN_SEEDS=FROM:TO runs others.

import { expect, test } from "@jest/globals";
import { decode } from "../../binary/decode.js";
import { functionType } from "../../valid/context.js";
import { validate } from "../../valid/validate.js";
import { importedNames, randomFrom, randomModule, type Random } from "./analyze-random.testing.js";
import { analyzeRoles } from "./analyze.js";
import { binaryenNames } from "./analyze-names.js";
import { type AsyncifyOptions, passArguments } from "./options.js";
import { AsyncifyError } from "./roles.js";
import { instrumentedSites, localKeys, savedLocals } from "./sites-twin.testing.js";

// Binaryen prints through the console it finds when it is loaded.
const warnings: string[] = [];
console.error = (text: string) => void warnings.push(text);
const { default: binaryen } = await import("binaryen");

const [from = 0, to = 300] = (process.env["BOBBIN_SEEDS"] ?? "0:300").split(":").map(Number);

function randomOptions(
  r: Random,
  names: readonly string[],
  memories: readonly string[],
): AsyncifyOptions {
  const some = (list: readonly string[]): string[] => {
    const entries = Array.from({ length: 1 + r(2) }, () => list[r(list.length)]!);
    return entries.map((e) => {
      const cut = r(e.length + 1);
      return r(3) > 0 ? e : r(2) === 0 ? `${e.slice(0, cut)}*` : `*${e.slice(cut)}`;
    });
  };
  const maybe = (chance: number) => r(chance) === 0;
  return {
    strict: true,
    ...(maybe(3) ? { asserts: true } : {}),
    ...(maybe(4) ? { exportGlobals: true } : {}),
    ...(maybe(6) ? { inSecondaryMemory: true, secondaryMemorySize: r(3) } : {}),
    ...(memories.length > 0 && maybe(2) ? { memory: memories[r(memories.length)]! } : {}),
    ...(maybe(2) ? { imports: some(importedNames) } : {}),
    ...(maybe(3) ? { ignoreImports: true } : {}),
    ...(maybe(2) ? { ignoreIndirect: true } : {}),
    ...(names.length === 0
      ? {}
      : maybe(4)
        ? { onlyList: some(names) }
        : {
            ...(maybe(3) ? { removeList: some(names) } : {}),
            ...(maybe(3) ? { addList: some(names) } : {}),
            ...(maybe(2) ? { propagateAddList: true } : {}),
          }),
  };
}

/** Undefined where Binaryen misreads a valid module: some dead code, and branches, with several values. */
function instrument(bytes: Uint8Array, options: AsyncifyOptions): Uint8Array | undefined {
  let module;
  try {
    module = binaryen.readBinary(bytes);
  } catch {
    return undefined;
  }
  try {
    const { Multivalue, BulkMemory, ExceptionHandling, Memory64, MultiMemory } = binaryen.Features;
    module.setFeatures(Multivalue | BulkMemory | ExceptionHandling | Memory64 | MultiMemory);
    if (module.validate() !== 1) return undefined;
    warnings.length = 0;
    binaryen.setOptimizeLevel(0);
    binaryen.clearPassArguments();
    for (const [name, value] of passArguments(options)) binaryen.setPassArgument(name, value);
    module.runPasses(["asyncify"]);
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

/** Without the runtime's imports, which the pass takes out. */
const inTwin = (index: number): number =>
  index - importedNames.filter((n, i) => i < index && n.startsWith("asyncify.")).length;

function check(seed: number): { compared: number; functions: number; sites: number } {
  const r = randomFrom(seed);
  const { bytes, names: given, memories } = randomModule(r);
  const module = validate(decode(bytes));
  const names = binaryenNames(module).slice(module.imported.func);
  const options = randomOptions(r, given.length > 0 && r(2) === 0 ? names : [], memories);
  let roles;
  try {
    roles = analyzeRoles(module, options);
  } catch (error) {
    // What Binaryen makes of a refusal would end this process.
    if (!(error instanceof AsyncifyError)) throw error;
    return { compared: 0, functions: 0, sites: 0 };
  }
  const instrumented = instrument(bytes, options);
  if (instrumented === undefined) return { compared: 0, functions: 0, sites: 0 };
  const twin = decode(instrumented);
  const theirs = instrumentedSites(twin);

  let count = 0;
  const ours = new Map(
    roles.functions
      .filter(({ kind }) => kind === "instrumented")
      .map(({ index }) => {
        const sites = roles.sites(index).map((site) => {
          const { callee, callIndex, constants } = site;
          count++;
          const own =
            callee === null
              ? ownOperands(bytes, site.offset)
              : functionType(module, callee).params.length;
          return {
            callIndex,
            callee: callee === null ? null : inTwin(callee),
            operands: constants.slice(constants.length - own),
          };
        });
        return [inTwin(index), sites];
      }),
  );
  const context = { seed, options };
  const entry = (warning: string) => /'(.*)'$/.exec(warning)?.[1];
  const unmatched = new Set(warnings.map(entry));
  expect({ ...context, unmatched: new Set(roles.warnings.map(entry)) }).toEqual({
    ...context,
    unmatched,
  });
  expect({ ...context, sites: ours }).toEqual({ ...context, sites: theirs });
  for (const { index, kind } of roles.functions) {
    if (kind !== "instrumented") continue;
    const keys = localKeys(module, index - module.imported.func);
    const saved = savedLocals(twin, inTwin(index));
    const live = new Set(roles.sites(index).flatMap((site) => site.liveLocals));
    const lost = [...live].map((local) => keys[local]!).filter((key) => !saved.has(key));
    expect({ ...context, index, lost }).toEqual({ ...context, index, lost: [] });
  }
  return { compared: 1, functions: ours.size, sites: count };

  function ownOperands(code: Uint8Array, offset: number): number {
    const type = module.types[code[offset + 1]!]!.comp;
    return type.kind === "func" ? type.params.length + 1 : 0;
  }
}

function withSeed<T>(seed: number, run: (seed: number) => T): T {
  try {
    return run(seed);
  } catch (error) {
    if (error instanceof Error) error.message = `seed ${seed}: ${error.message}`;
    throw error;
  }
}

test("random modules are instrumented as by Binaryen", () => {
  let compared = 0;
  let functions = 0;
  let sites = 0;
  for (let seed = from; seed < to; seed++) {
    const found = withSeed(seed, check);
    compared += found.compared;
    functions += found.functions;
    sites += found.sites;
  }
  expect(compared).toBeGreaterThan((to - from) / 3);
  expect(functions).toBeGreaterThan(to - from);
  expect(sites).toBeGreaterThan(to - from);
  if (process.env["BOBBIN_SEEDS"])
    console.log(`${compared} modules, ${functions} functions, ${sites} sites`);
}, 3_600_000);
