// The state machine: the four runtime functions in an order that makes sense, and an end
// to every unwind and rewind.

import type { FuncInstance } from "../../runtime/instances.js";
import type { RuntimeEvent } from "../events.js";
import type { Monitor, Surroundings } from "./monitor.js";
import { hex } from "../../util/hex.js";

export class StateMonitor implements Monitor {
  /** How the call that left the state as it is came to fail, and when. */
  private failure: { readonly event: number; readonly text: string } | null = null;
  /** The export that unwound first, and returned to a host that has to stop it. */
  private unwound: string | null = null;

  constructor(private readonly on: Surroundings) {}

  runtime({ name, argument, before, after }: RuntimeEvent): void {
    const { report, shadow, context } = this.on;
    const call = `${name}(${argument === null ? "" : hex(argument)})`;
    const by = context.caller().name;
    if (name === "get_state") return;
    if (before !== "normal" && name.startsWith("start_") && this.failure !== null) {
      this.stuck(`${call} by ${by} while ${before}`);
    } else if (name === "start_unwind" && before !== "normal") {
      report.addFirst("unwind-not-normal", `${by} called ${call} while ${before}`, this.before());
    } else if (name === "start_rewind" && before !== "normal") {
      report.addFirst("rewind-not-normal", `${by} called ${call} while ${before}`, this.before());
    } else if (name === "stop_unwind" && before === "rewinding") {
      report.addFirst(
        "stop-while-other",
        `${by} called stop_unwind while rewinding`,
        this.before(),
      );
    } else if (name === "stop_rewind" && before === "unwinding" && !this.caught()) {
      report.addFirst(
        "stop-while-other",
        `${by} called stop_rewind while unwinding`,
        this.before(),
      );
    } else if (name === "stop_rewind" && before === "normal") {
      report.add(
        shadow.started ? "stop-while-other" : "stop-before-start",
        `${by} called stop_rewind while nothing rewinds`,
      );
    } else if (name === "stop_unwind" && !shadow.started && this.reversed()) {
      report.add("stop-before-start", `${by} called stop_unwind before any start_unwind: it traps`);
    } else if (name === "stop_rewind" && shadow.endedRewind !== null) {
      this.notEntered(`${by} called stop_rewind`);
    }
    if (after === "normal") this.failure = null;
    if (after !== "unwinding") this.unwound = null;
  }

  /**
   * Whether the unwind that ended had left frames, and somebody else ends it than who began it:
   * to catch one, stop_rewind does what stop_unwind does. CRuby ends all of them so.
   */
  private caught(): boolean {
    const { endedUnwind } = this.on.shadow;
    const { kind, func } = this.on.context.caller();
    if (endedUnwind === null || endedUnwind.records.length === 0) return false;
    return endedUnwind.leaf.kind !== kind || endedUnwind.leaf.func !== func;
  }

  enter(): void {
    if (this.failure === null) return;
    const { fiber } = this.on.context;
    if (fiber === null || fiber.depth !== 1) return;
    if (this.on.facts.part(fiber.top.func.index) === "instrumented")
      this.stuck(`the host called ${fiber.top.func.name} while ${this.on.shadow.state}`);
  }

  ended(func: FuncInstance, error: unknown): void {
    const { report, shadow, context, facts } = this.on;
    if (shadow.state === "normal" || context.isRuntime(func)) return;
    if (error !== undefined) {
      this.failure ??= { event: report.event, text: `the call of ${func.name} failed` };
      return;
    }
    if (shadow.state === "unwinding" && context.calls <= 1) this.unwound ??= func.name;
    if (shadow.state === "rewinding" && facts.part(func.index) === "instrumented")
      report.addFirst(
        "rewind-not-stopped",
        `${func.name} returned while rewinding: no leaf called stop_rewind`,
        this.before(),
      );
  }

  finish(): void {
    const { report, shadow } = this.on;
    if (report.blamed) return;
    const after = this.unwound === null ? "" : ` after ${this.unwound} returned`;
    if (shadow.state === "unwinding")
      report.add(
        "unwind-not-stopped",
        `the program ended while unwinding: nobody called stop_unwind${after}`,
        this.before(),
      );
    else if (shadow.state === "rewinding") this.notEntered("the program ended", shadow.rewind);
  }

  private notEntered(what: string, rewind = this.on.shadow.endedRewind): void {
    const records = rewind?.continuation?.records.length ?? 0;
    if (rewind === null || rewind.popped > 0 || records === 0) return;
    this.on.report.addFirst(
      "rewind-not-entered",
      `${what} before any of the ${records} frames was rewound`,
      { other: { event: rewind.event, text: `start_rewind(${hex(rewind.data)})` } },
    );
  }

  private stuck(what: string): void {
    this.on.report.add("stuck-after-failure", `${what}, which a failed call left behind`, {
      other: this.failure,
    });
    this.failure = null;
  }

  private reversed(): boolean {
    const { pos, end } = this.on.report.stack;
    return pos !== null && end !== null && pos > end;
  }

  /** The start of what is under way, or was until this call. */
  private before() {
    const { shadow, report } = this.on;
    const unwind = shadow.endedUnwind ?? shadow.unwind;
    const rewind = shadow.endedRewind ?? shadow.rewind;
    const other =
      unwind !== null && unwind.event !== report.event
        ? { event: unwind.event, text: `start_unwind(${hex(unwind.data)}) by ${unwind.leaf.name}` }
        : rewind !== null && rewind.event !== report.event
          ? { event: rewind.event, text: `start_rewind(${hex(rewind.data)})` }
          : null;
    return { other };
  }
}
