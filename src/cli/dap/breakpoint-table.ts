// The breakpoints of a client: it sends all of one kind at once, in place of those before.
// Each has a number of its own, which outlives the session's stops: after a restart the client
// does not send them again. One may stand for several stops, and for none.

import type { DebugProtocol as P } from "@vscode/debugprotocol";
import type { DebugSession } from "../../debug/session.js";
import type { StopOptions, StopPoint, StopSpec, Times } from "../../debug/stops.js";
import { UsageError } from "../../util/errors.js";

/** What is wanted of one. */
export interface Wanted {
  /** What it comes to; empty: `message` says why. @throws UsageError */
  readonly specs: () => readonly StopSpec[];
  readonly options?: BreakpointOptions;
  /** What else the client is told, given the stops. */
  readonly describe?: (stops: readonly StopPoint[]) => Partial<P.Breakpoint>;
}

export interface BreakpointOptions {
  readonly condition?: string | undefined;
  readonly hitCondition?: string | undefined;
  readonly logMessage?: string | undefined;
}

export class BreakpointTable {
  /** By kind, and by source: numbers, and the stops that they stand for. */
  private readonly kinds = new Map<string, Map<number, readonly number[]>>();
  /** Numbers to be given again. */
  private readonly given = new Map<string, readonly number[]>();
  private nextId = 1;

  constructor(private readonly session: DebugSession) {}

  /** What is set again gets the numbers that it had in another table. */
  inherit(other: BreakpointTable): void {
    this.nextId = other.nextId;
    for (const [kind, made] of other.kinds) this.given.set(kind, [...made.keys()]);
  }

  replace(kind: string, all: readonly Wanted[]): P.Breakpoint[] {
    const { stops } = this.session;
    for (const ids of this.kinds.get(kind)?.values() ?? [])
      // A temporary one may be gone.
      for (const id of ids) if (stops.all.some((stop) => stop.id === id)) stops.delete(id);
    const made = new Map<number, readonly number[]>();
    this.kinds.set(kind, made);
    const given = this.given.get(kind) ?? [];
    this.given.delete(kind);
    return all.map((wanted, i) => {
      const id = given[i] ?? this.nextId++;
      made.set(id, []);
      try {
        const points = this.add(wanted);
        made.set(
          id,
          points.map((point) => point.id),
        );
        return { id, verified: true, ...wanted.describe?.(points) };
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        return { id, verified: false, message: error.message, reason: "failed" };
      }
    });
  }

  /** The client's number of a stop, and the kind that it set it as; undefined for the console's. */
  of(stop: number): { readonly kind: string; readonly id: number } | undefined {
    for (const [kind, made] of this.kinds)
      for (const [id, stops] of made) if (stops.includes(stop)) return { kind, id };
    return undefined;
  }

  private add({ specs, options }: Wanted): StopPoint[] {
    const { stops } = this.session;
    const stopOptions = stopOptionsOf(options);
    const points: StopPoint[] = [];
    try {
      for (const spec of specs()) points.push(stops.add(spec, stopOptions));
    } catch (error) {
      for (const { id } of points) stops.delete(id);
      throw error;
    }
    return points;
  }
}

/** Always with an option, so that each is a stop of its own. */
function stopOptionsOf({
  condition,
  hitCondition,
  logMessage,
}: BreakpointOptions = {}): StopOptions {
  return {
    enabled: true,
    ...(given(condition) && { condition }),
    ...(given(hitCondition) && { times: parseTimes(hitCondition) }),
    ...(given(logMessage) && { log: logMessage }),
  };
}
const given = (text: string | undefined): text is string =>
  text !== undefined && text.trim() !== "";

/** `5`: at the fifth time and later; `== 5`, `> 5`, `% 5` (every fifth time) and the like. @throws UsageError */
function parseTimes(text: string): Times {
  const [, op, digits] = /^\s*(==?|<=?|>=?|%)?\s*(\d+)\s*$/.exec(text) ?? [];
  const count = Number(digits);
  if (digits === undefined || !Number.isSafeInteger(count) || (op === "%" && count === 0))
    throw new UsageError(
      `${JSON.stringify(text)} is no hit condition: expected 5, == 5, > 5, >= 5, < 5, <= 5 or % 5`,
    );
  return { op: op === "=" ? "==" : ((op ?? ">=") as Times["op"]), count };
}
