// What is known of a run when it is over, as text under names: what predictions are held
// against, and checks. The run is made by the interpreter, under the checker.

import {
  Checker,
  decode,
  formatValue,
  parseValue,
  runNative,
  Tracer,
  validate,
  type HostScript,
  type Observer,
  type TracedEvent,
  type Value,
  observers,
  UsageError,
} from "../../../src/index.js";
import { functionType } from "../../../src/valid/context.js";
import type { ValidModule } from "../../../src/valid/validate.js";
import { hostOf } from "./host.js";
import type { Check } from "./lesson.js";

/** Every fact that a check may name. */
export const FACTS = {
  result: "what the call returned, separated by spaces; none",
  trap: "why it trapped; none where it did not",
  log: "what the program logged, separated by spaces; none",
  calls: "frames that were made in all",
  deepest: "frames that there were at once, at most",
  unwinds: "how many times an unwind began",
  rewinds: "how many times a rewind began",
  records: "records that were pushed",
  bytes: "their size together",
  fibers: "fibers that the program made, the main one not counted",
  findings: "codes of what the checker found, separated by spaces; none",
} as const;
export type FactName = keyof typeof FACTS;
export type Facts = Readonly<Record<FactName, string>>;

export interface ToRun {
  readonly bytes: Uint8Array;
  readonly invoke: string;
  /** In the notation of the command line. */
  readonly args: readonly string[];
}

/** A program that does not end by itself is ended. */
const FUEL = 10_000_000;

export async function factsOf({ bytes, invoke, args }: ToRun): Promise<Facts> {
  const module = validate(decode(bytes));
  const found = module.exports.find(({ kind, name }) => kind === "func" && name === invoke);
  if (found === undefined) throw new UsageError(`there is no exported function ${invoke}`);
  const { params } = functionType(module, found.index);
  const checker = new Checker(module);
  const events: TracedEvent[] = [];
  const tracer = new Tracer((event) => events.push(event));
  const log: string[] = [];
  const counter = new FrameCounter();
  const run = await runNative({
    module,
    invoke,
    args: params.map((type, i) => parseValue(args[i] ?? "0", type)),
    hostScript: hostScriptOf(module),
    context: { log: (...values) => void log.push(values.join(" ")) },
    suspend: true,
    limits: { fuel: FUEL, maxFrames: 1000 },
    observer: observers(checker.observer, tracer.observer, counter.observer),
    onInstance: (instance) => checker.attach(instance),
    onEvent(event) {
      checker.event(event);
      tracer.event(event);
    },
  });
  checker.finish();
  const sizes = events.flatMap((event) => (event.type === "push" ? [event.size] : []));
  const begun = (name: string) =>
    String(events.filter((event) => event.type === "runtime" && event.name === name).length);
  return {
    result: (run.results ?? []).map(plain).join(" ") || "none",
    trap: run.error?.reason ?? "none",
    log: log.join(" ") || "none",
    calls: String(counter.calls),
    deepest: String(counter.deepest),
    unwinds: begun("start_unwind"),
    rewinds: begun("start_rewind"),
    records: String(sizes.length),
    bytes: String(sizes.reduce((sum, size) => sum + size, 0)),
    fibers: String(events.filter((e) => e.type === "fiber" && e.action === "create").length),
    findings: [...new Set(checker.findings.map(({ code }) => code))].join(" ") || "none",
  };
}

/** Without its type. */
const plain = (value: Value): string => formatValue(value).replace(/^\w+:/, "");

/** What programs of lessons may import. */
const hostScriptOf =
  (module: ValidModule): HostScript =>
  (context) => ({
    imports: hostOf(module, (text) => context.log(text)),
    invoke: ({ exports }, name, args) => context.promising(exports[name] as () => unknown)(...args),
  });

class FrameCounter {
  calls = 0;
  deepest = 0;
  readonly observer: Observer = {
    enter: ({ below, depth }) => {
      this.calls++;
      this.deepest = Math.max(this.deepest, below + depth);
    },
  };
}

/** Whether a check holds of a run. */
export function holds({ fact, comparison, value }: Check, facts: Facts): boolean {
  const found = facts[fact as FactName];
  switch (comparison) {
    case "is":
      return found === value;
    case "is not":
      return found !== value;
    case "includes":
      return found.split(" ").includes(value);
    case "at least":
      return Number(found) >= Number(value);
    case "at most":
      return Number(found) <= Number(value);
  }
}
