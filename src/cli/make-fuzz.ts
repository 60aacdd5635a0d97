// Random valid modules, made by Binaryen's `wasm-opt --translate-to-fuzz`.

import { type FuzzFeature, fuzzFeatures } from "../compare/fuzz-features.js";
import { random } from "../util/random.js";
import type { WasmOpt } from "./wasm-opt.js";

/** What every engine has. */
const COMMON_FEATURES = [
  "mutable-globals",
  "sign-ext",
  "nontrapping-float-to-int",
  "multivalue",
  "bulk-memory",
  "reference-types",
];
/** One in so many modules does without a feature that it may use. */
const WITHOUT = 4;
const LARGEST = 12_000;

/** What Binaryen makes the module of a seed from. */
export interface FuzzInput {
  /** Sizes are small more often than large. */
  readonly bytes: Uint8Array;
  /** Most of those that are allowed: modules differ more when some do without. */
  readonly features: readonly FuzzFeature[];
  /** Translate legacy exception handling, which Binaryen writes too, to the one of WebAssembly 3.0. */
  readonly exnref: boolean;
}

export function fuzzInput(seed: number, allowed: readonly FuzzFeature[]): FuzzInput {
  const next = random(seed);
  const bytes = new Uint8Array(20 + Math.floor((next() / 2 ** 32) ** 2 * LARGEST));
  // Chosen whether allowed or not: an engine that lacks one is given the same of the others.
  const choice = random(~seed);
  const exnref = choice() % 2 === 0;
  const chosen = fuzzFeatures.filter(() => choice() % WITHOUT !== 0);
  return {
    bytes: bytes.map(() => next() & 0xff),
    features: chosen.filter((feature) => allowed.includes(feature)),
    exnref,
  };
}

/** Binaryen's flags for what engines have: else its passes take modules for older ones. */
const enabled = (features: readonly FuzzFeature[]): string[] => [
  "--mvp-features",
  ...[...COMMON_FEATURES, ...features].map((feature) => `--enable-${feature}`),
];

/** @throws UsageError where Binaryen makes no module of these bytes */
export function makeModule(wasmOpt: WasmOpt, input: FuzzInput): Promise<Uint8Array> {
  const { bytes, features, exnref } = input;
  const translate = exnref && features.includes("exception-handling") ? ["--emit-exnref"] : [];
  return wasmOpt.run(bytes, ["-ttf", ...enabled(features), ...translate]);
}

type Tool = (bytes: Uint8Array) => Promise<Uint8Array>;

/** Instruments a module to turn each NaN into zero: then nothing depends on the bits of a NaN. */
export const denan =
  (wasmOpt: WasmOpt, features: readonly FuzzFeature[]): Tool =>
  (bytes) =>
    wasmOpt.run(bytes, ["--denan", ...enabled(features)]);

/** What takes out of a module what it does not use. */
export const reducingTools = (wasmOpt: WasmOpt, features: readonly FuzzFeature[]): Tool[] =>
  [
    ["--remove-unused-module-elements"],
    ["--vacuum", "--remove-unused-names", "--merge-blocks", "--reorder-locals"],
    ["-Oz"],
  ].map((passes) => (bytes) => wasmOpt.run(bytes, [...passes, ...enabled(features)]));
