// `bobbin spec --fuzz`: random modules run on Bobbin and on another engine, and what
// they do is compared. Each module is its seed: any failure is repeated by a command.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compareExecution, type Disagreement } from "../compare/fuzz.js";
import { BobbinError } from "../util/errors.js";
import type { Context } from "./context.js";
import { ExitCode, printable } from "./failure.js";
import { FuzzModules, fuzzInput } from "./make-fuzz.js";

export interface FuzzCommandOptions {
  readonly seed?: number;
  readonly count?: number;
  readonly engine?: string;
  readonly save?: string;
  readonly json?: boolean;
}

interface FuzzFailure {
  readonly seed: number;
  /** `difference`: the engines disagree; `refused`: Bobbin rejects a module that Binaryen made. */
  readonly kind: "difference" | "refused" | "crash";
  readonly reason: string;
  readonly disagreement?: Disagreement;
  readonly repeat: string;
}

const COUNT = 100;
/** Between two looks at what else happens: signals, the terminal. */
export const breath = () => new Promise((resolve) => setImmediate(resolve));

export async function fuzz(options: FuzzCommandOptions, context: Context): Promise<number> {
  const { seed: first = 1, count = COUNT, engine = "v8" } = options;
  const modules = FuzzModules.open();
  const failures: FuzzFailure[] = [];
  const nanBitsSeeds: number[] = [];
  const totals = {
    compared: 0,
    same: 0,
    nanBits: 0,
    exhausted: 0,
    unsupported: 0,
    calls: 0,
    returned: 0,
  };
  const stop = stopper();
  try {
    for (let seed = first; seed < first + count && !stop.asked; seed++) {
      context.progress(`${seed - first + 1}/${count} seed ${seed}`);
      const fail = (kind: FuzzFailure["kind"], reason: string, disagreement?: Disagreement) => {
        const repeat = `bobbin spec --fuzz --seed ${seed} --count 1 --engine ${engine}`;
        failures.push({
          seed,
          kind,
          reason,
          ...(disagreement === undefined ? {} : { disagreement }),
          repeat,
        });
      };
      const input = fuzzInput(seed);
      const bytes = await modules.make(input);
      totals.compared++;
      try {
        const verdict = await compareExecution(bytes);
        if (verdict.kind === "exhausted") totals.exhausted++;
        else if (verdict.kind === "unsupported") totals.unsupported++;
        else if (verdict.kind === "same") {
          totals.same++;
          totals.calls += verdict.calls;
          totals.returned += verdict.ends;
        } else {
          // The bits of a NaN are free. What is still different without NaNs is not.
          const without = await compareExecution(await modules.make(input, { denan: true }));
          if (without.kind === "different")
            fail("difference", "with NaNs as zeros", without.disagreement);
          else {
            totals.nanBits++;
            nanBitsSeeds.push(seed);
          }
        }
      } catch (error) {
        const known = error instanceof BobbinError && error.kind !== "crash";
        fail(known ? "refused" : "crash", error instanceof Error ? error.message : String(error));
      }
      if (options.save !== undefined && failures.at(-1)?.seed === seed) {
        mkdirSync(options.save, { recursive: true });
        writeFileSync(join(options.save, `${seed}.wasm`), bytes);
      }
      await breath();
    }
  } finally {
    modules.close();
    stop.end();
    context.progress("");
  }
  if (options.json === true)
    context.out(JSON.stringify({ engine, ...totals, nanBitsSeeds, failures }));
  else {
    for (const failure of failures) for (const line of render(failure)) context.out(line);
    context.out(
      `${totals.compared} modules compared with ${engine}: ${totals.same} the same, ` +
        `${totals.nanBits} but for bits of NaNs, ${totals.exhausted} out of fuel, ` +
        `${totals.unsupported} with features that ${engine} lacks, ` +
        `${failures.length} failed (${totals.calls} calls, ${totals.returned} of them returned)`,
    );
  }
  if (stop.asked) return ExitCode.interrupted;
  return failures.length > 0 ? ExitCode.finding : ExitCode.good;
}

function render({ seed, kind, reason, disagreement, repeat }: FuzzFailure): string[] {
  return [
    `seed ${seed}: ${kind}: ${printable(reason)}`,
    ...(disagreement === undefined
      ? []
      : [
          ...disagreement.before.map((line) => `    ${printable(line)}`),
          `  bobbin  ${printable(disagreement.bobbin)}`,
          `  engine  ${printable(disagreement.engine)}`,
        ]),
    `  again: ${repeat}`,
    "",
  ];
}

/** Ctrl-C ends the work with what is known so far; a second one ends the process. */
export function stopper(): { readonly asked: boolean; end(): void } {
  const state = { asked: false };
  const ask = (): void => {
    state.asked = true;
  };
  process.once("SIGINT", ask);
  return {
    get asked() {
      return state.asked;
    },
    end: () => process.off("SIGINT", ask),
  };
}
