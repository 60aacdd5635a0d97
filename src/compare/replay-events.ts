// What `wasm-interp` printed of a replay, as the run that it tells of. Only what the host
// sees is in it: E0.

import type { TraceEvent } from "../observe/events.js";
import type { Value } from "../runtime/values.js";
import type { NumType } from "../syntax/types.js";
import { reasonOf } from "./reasons.js";
import { type Replay, Tag } from "./replay.js";
import type { ExportCall } from "./replay-plan.js";
import { NoRunError, type ToldRun } from "./told-run.js";

const TOLD = /^called host h\.t\(i32:(\d+), i64:(\d+)\) =>/;
const ENDED = /^([ag])(\d+)\(\) =>(?: (.*))?$/;
const FAILED = /^error: (.*)$/;

/**
 * @param original the run that was replayed: what its script made of the results, it makes again
 * @throws NoRunError where the text is no such output
 */
export function eventsOf(replay: Replay, output: string, original: ToldRun): ToldRun {
  const reader = new Reader(replay);
  for (const line of output.split("\n").filter((text) => text.trim() !== "")) reader.line(line);
  return reader.run(original);
}

class Reader {
  private readonly events: TraceEvent[] = [];
  private readonly globals = new Map<string, Value>();
  private error: ToldRun["error"];
  private last: readonly Value[] | undefined;
  /** The calls that are open. */
  private readonly open: ExportCall[] = [];
  /** How often each import was called, and which of its calls are open. */
  private readonly counts: number[];
  private readonly activations: number[] = [];
  private values: { readonly types: readonly NumType[]; readonly into: Value[] } | null = null;
  private top = 0;

  constructor(private readonly replay: Replay) {
    this.counts = replay.imports.map(() => 0);
    this.begin(replay.top[0]);
  }

  line(line: string): void {
    const told = TOLD.exec(line);
    if (told !== null) return this.tell(Number(told[1]), BigInt(told[2]!));
    const [, kind, index, result = ""] = ENDED.exec(line) ?? [];
    if (kind === undefined) throw new NoRunError(`unexpected output: ${line.slice(0, 200)}`);
    if (kind === "g") this.global(Number(index), result);
    else this.ended(Number(index), result);
  }

  run({ results, events }: ToldRun): ToldRun {
    if (this.error === undefined && this.top < this.replay.top.length)
      throw new NoRunError(`the output ends within ${this.replay.top[this.top]!.name}`);
    // What a script returns is most often what the last call returned.
    const last = events.findLast(({ type }) => type === "return");
    const own = last?.type === "return" && JSON.stringify(last.results, text) === JSON.stringify(results, text); // prettier-ignore
    const returned = own ? this.last : results;
    return {
      events: this.events,
      globals: this.globals,
      ...(this.error !== undefined
        ? { error: this.error }
        : returned === undefined
          ? {}
          : { results: returned }),
    };
  }

  private begin(call: ExportCall | undefined): void {
    if (call === undefined) return;
    this.open.push(call);
    if (!call.runtime) this.events.push({ type: "call", name: call.name, args: call.args });
  }

  private returned(results: readonly Value[]): void {
    const { name, runtime } = this.open.pop()!;
    if (runtime) return;
    this.last = results;
    this.events.push({ type: "return", name, results, state: "normal" });
  }

  private tell(tag: number, bits: bigint): void {
    const { calls, imports } = this.replay;
    const at = Number(bits);
    switch (tag) {
      case Tag.value: {
        const { types, into } = this.values!;
        into.push(valueOf(types[into.length]!, bits));
        return;
      }
      case Tag.call:
        return this.begin(calls[at]);
      case Tag.returned: {
        const results: Value[] = [];
        this.values = { types: calls[at]!.results, into: results };
        return this.returned(results);
      }
      case Tag.host: {
        const { module, name, type } = imports[at]!;
        const args: Value[] = [];
        this.values = { types: type.params, into: args };
        this.events.push({ type: "host", module, name, args });
        this.activations.push(this.counts[at]!++);
        return;
      }
      case Tag.hostReturned: {
        const { module, name, activations, type } = imports[at]!;
        const results =
          activations[this.activations.pop()!]?.results ??
          type.results.map((result) => valueOf(result, 0n));
        this.events.push({ type: "host return", module, name, results });
      }
    }
  }

  private ended(index: number, result: string): void {
    // After a trap the others run all the same.
    if (this.error !== undefined) return;
    if (index !== this.top) throw new NoRunError(`unexpected end of a${index}`);
    const [, words] = FAILED.exec(result) ?? [];
    if (words !== undefined) return this.trapped(words);
    this.returned(valuesOf(this.replay.top[index]!.results, result));
    this.begin(this.replay.top[++this.top]);
  }

  private trapped(words: string): void {
    const name = words === "call stack exhausted" ? "RangeError" : "RuntimeError";
    const { kind, reason, message } = reasonOf(Object.assign(new Error(words), { name }));
    this.error = { kind, reason, message };
    // It passes through all calls that are open, innermost first.
    for (const call of this.open.reverse())
      if (!call.runtime) this.events.push({ type: "trap", name: call.name, reason });
  }

  private global(index: number, result: string): void {
    const { name, type } = this.replay.globals[index]!;
    this.globals.set(name, valuesOf([type], result)[0]!);
  }
}

const text = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? String(value) : value;

function valuesOf(types: readonly NumType[], result: string): Value[] {
  const parts = result.split(", ").filter((part) => part !== "");
  if (parts.length !== types.length)
    throw new NoRunError(`expected ${types.length} results, found ${result}`);
  return parts.map((part, i) => {
    const [, bits] = /^i(?:32|64):(\d+)$/.exec(part) ?? [];
    if (bits === undefined) throw new NoRunError(`no integer: ${part.slice(0, 100)}`);
    return valueOf(types[i]!, BigInt(bits));
  });
}

function valueOf(type: NumType, bits: bigint): Value {
  switch (type) {
    case "i32":
      return { type, value: Number(BigInt.asIntN(32, bits)) };
    case "i64":
      return { type, value: BigInt.asIntN(64, bits) };
    case "f32":
      return { type, bits: Number(BigInt.asUintN(32, bits)) };
    case "f64":
      return { type, bits: BigInt.asUintN(64, bits) };
  }
}
