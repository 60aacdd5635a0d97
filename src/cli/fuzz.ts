// `bobbin spec --fuzz`: random modules run on Bobbin and on another engine, and what
// they do is compared. Each module is its seed: any failure is repeated by a command,
// and reduced to a small module on request.

import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { decode } from "../binary/decode.js";
import { examine, type Examiner, type Finding } from "../compare/findings.js";
import { reduceModule } from "../compare/reduce.js";
import { printWat } from "../text/wat.js";
import { printable } from "../util/printable.js";
import type { Context } from "./context.js";
import { interruption } from "./interruption.js";
import { HOST_ENGINE } from "./engine-registry.js";
import { type FuzzEngine, openEngine } from "./engines.js";
import { about, ExitCode } from "./failure.js";
import { readBytes } from "./input.js";
import { chosenTier } from "./machine-options.js";
import { denan, fuzzInput, makeModule, reducingTools } from "./make-fuzz.js";
import type { TierOption } from "./options.js";
import { WasmOpt } from "./wasm-opt.js";

export interface FuzzCommandOptions extends TierOption {
  readonly seed?: number;
  readonly count?: number;
  readonly engine?: string;
  readonly engineArgs?: readonly string[];
  readonly reduce?: boolean;
  /** How many of the modules that `--fuzz` makes `--fuzz-bytes` damages too. */
  readonly randomModules?: number;
  /** Scripts of the suite whose modules are damaged. */
  readonly filter?: RegExp;
  readonly save?: string;
  readonly json?: boolean;
}

/** A module that was found to fail. */
interface Failure extends Finding {
  /** Its seed, or its file. */
  readonly module: string;
  readonly repeat: string;
  readonly reduced?: { readonly bytes: number; readonly of: number; readonly wat: string };
}

interface Subject {
  readonly name: string;
  /** How the command line asks for it. */
  readonly argument: string;
  readonly bytes: () => Promise<Uint8Array>;
}

const COUNT = 100;
/** Modules that lose the end of a loop are many, and no use. */
const REDUCING_FUEL = 1_000_000;
/** Between two looks at what else happens: signals, the terminal. */
const breath = () => new Promise((resolve) => setImmediate(resolve));

/** @param paths modules to compare instead of random ones */
export async function fuzz(
  paths: readonly string[],
  options: FuzzCommandOptions,
  context: Context,
): Promise<number> {
  const engine = await openEngine(options.engine ?? HOST_ENGINE, options.engineArgs);
  const { opponent, features } = engine;
  const wasmOpt = WasmOpt.open();
  const tier = () => chosenTier(options.tier ?? "interpreter", context.note);
  const examiner: Examiner = { opponent, tier, denan: denan(wasmOpt, features) };
  const failures: Failure[] = [];
  const nanBits: string[] = [];
  const totals = { compared: 0, same: 0, exhausted: 0, unsupported: 0, calls: 0, returned: 0 };
  const subjects = paths.length > 0 ? files(paths) : randomModules(options, engine, wasmOpt);
  const of = paths.length > 0 ? paths.length : (options.count ?? COUNT);
  const stop = interruption();

  const failed = async (subject: Subject, bytes: Uint8Array, finding: Finding): Promise<void> => {
    const repeat = ["bobbin spec --fuzz", subject.argument, ...engineFlags(options)].join(" ");
    const keep = (name: string, content: Uint8Array): void => {
      if (options.save === undefined) return;
      mkdirSync(options.save, { recursive: true });
      writeFileSync(join(options.save, name), content);
    };
    const name = basename(subject.name, ".wasm");
    keep(`${name}.wasm`, bytes);
    const failure: Failure = { module: subject.name, ...finding, repeat };
    // What Bobbin does not take in, it cannot take apart.
    if (options.reduce !== true || !["difference", "engine"].includes(finding.kind)) {
      failures.push(failure);
      return;
    }
    const small = await reduceModule(bytes, {
      shows: async (candidate) => {
        await breath();
        if (stop.asked) return false;
        const examined = await examine(candidate, { ...examiner, fuel: REDUCING_FUEL });
        return examined.kind === "finding" && examined.finding.sort === finding.sort;
      },
      tools: reducingTools(wasmOpt, features),
      onProgress: (size, tries) =>
        context.progress(`${subject.name}: ${size} of ${bytes.length} bytes, ${tries} tries`),
    });
    keep(`${name}.reduced.wasm`, small.bytes);
    const wat = printWat(decode(small.bytes));
    failures.push({ ...failure, reduced: { bytes: small.bytes.length, of: bytes.length, wat } });
  };

  try {
    for (const subject of subjects) {
      if (stop.asked) break;
      context.progress(`${totals.compared + 1}/${of} ${subject.name}`);
      const bytes = await subject.bytes();
      totals.compared++;
      const examined = await examine(bytes, examiner);
      switch (examined.kind) {
        case "same":
          totals.same++;
          totals.calls += examined.calls;
          totals.returned += examined.ends;
          break;
        case "NaN bits":
          nanBits.push(subject.name);
          break;
        case "finding":
          await failed(subject, bytes, examined.finding);
          break;
        default:
          totals[examined.kind]++;
      }
      await breath();
    }
  } finally {
    wasmOpt.close();
    engine.close();
    stop.end();
    context.progress("");
  }
  const { name, version } = engine;
  if (options.json === true)
    context.out(JSON.stringify({ engine: name, version, features, ...totals, nanBits, failures }));
  else {
    for (const failure of failures) for (const line of render(failure)) context.out(line);
    context.out(
      `${totals.compared} modules compared with ${version}: ${totals.same} the same, ` +
        `${nanBits.length} but for bits of NaNs, ${totals.exhausted} out of fuel, ` +
        `${totals.unsupported} with features that it lacks, ` +
        `${failures.length} failed (${totals.calls} calls, ${totals.returned} of them returned)`,
    );
  }
  if (stop.asked) return ExitCode.interrupted;
  return failures.length > 0 ? ExitCode.finding : ExitCode.good;
}

function* randomModules(
  { seed: first = 1, count = COUNT }: FuzzCommandOptions,
  { features }: FuzzEngine,
  wasmOpt: WasmOpt,
): Generator<Subject> {
  for (let seed = first; seed < first + count; seed++)
    yield {
      name: `${seed}`,
      argument: `--seed ${seed} --count 1`,
      bytes: () => makeModule(wasmOpt, fuzzInput(seed, features)),
    };
}

const files = (paths: readonly string[]): Subject[] =>
  paths.map((path) => ({
    name: path,
    argument: path,
    bytes: () => about(path, () => readBytes(path)),
  }));

function engineFlags(options: FuzzCommandOptions): string[] {
  const { engine = HOST_ENGINE, engineArgs = [], tier } = options;
  const args = engineArgs.length > 0 ? [`--engine-args=${engineArgs.join(",")}`] : [];
  return [`--engine ${engine}`, ...args, ...(tier === undefined ? [] : [`--tier ${tier}`])];
}

function render({ module, kind, reason, disagreement, repeat, reduced }: Failure): string[] {
  const told =
    disagreement === undefined
      ? []
      : [
          ...disagreement.before.map((line) => `    ${printable(line)}`),
          `  bobbin  ${printable(disagreement.bobbin)}`,
          `  engine  ${printable(disagreement.engine)}`,
        ];
  const small =
    reduced === undefined
      ? []
      : [
          `  reduced from ${reduced.of} to ${reduced.bytes} bytes:`,
          ...reduced.wat.trimEnd().split("\n"),
        ];
  return [
    `${printable(module)}: ${kind}: ${printable(reason)}`,
    ...told,
    `  again: ${repeat}`,
    ...small,
    "",
  ];
}
