// Collects findings. The same at the same place is told once and counted; what follows
// from a fault that was told already is not told.

import type { AsyncifyStack, AsyncifyState } from "../events.js";
import type { CheckCode } from "./codes.js";
import { stackEntry } from "../../exec/stack.js";
import type { Context, Site } from "./context.js";
import type { ChangedWord, Finding, OtherParty, Place, Writer } from "./finding.js";

export interface Details {
  readonly where?: Place | null;
  readonly other?: OtherParty | null;
  readonly changed?: ChangedWord;
  readonly writer?: Writer | null;
}

/** Findings kept. Programs that go wrong in a loop go wrong often. */
const LIMIT = 1000;

export class Report {
  readonly findings: Finding[] = [];
  /** A fault was told since the state was last normal: what goes wrong now follows from it. */
  blamed = false;
  /** Event and fiber that monitors are told of. */
  event = 0;
  fiber = 0;
  state: AsyncifyState = "normal";
  /** Where the asyncify stack stands. */
  stack: AsyncifyStack = { data: 0, pos: null, end: null, sp: null };
  /** The call whose frame pushes its record now: an instrumented function stands at its end then. */
  pushing: (Site & { readonly callIndex: number }) | null = null;
  private readonly places = new Map<string, number>();

  constructor(
    private readonly context: Context,
    private readonly onFinding: (finding: Finding) => void,
  ) {}

  add(code: CheckCode, message: string, details: Details = {}): void {
    const { where, other = null, changed = null, writer = null } = details;
    this.blamed = true;
    const place = where === undefined ? this.here() : where;
    const key = `${code}:${place === null ? "host" : `${place.func}:${place.offset}`}`;
    const known = this.places.get(key);
    if (known !== undefined) {
      const finding = this.findings[known]!;
      this.findings[known] = { ...finding, count: finding.count + 1 };
      return;
    }
    if (this.findings.length >= LIMIT) return;
    this.places.set(key, this.findings.length);
    const sp = this.context.sp ?? this.stack.sp;
    const finding: Finding = {
      code,
      message,
      event: this.event,
      fiber: this.fiber,
      where: place,
      other,
      machine: { state: this.state, ...asyncifyStack(this.stack), sp, ...this.context.stack() },
      changed,
      writer,
      count: 1,
    };
    this.findings.push(finding);
    this.onFinding(finding);
  }

  private here(): Place | null {
    if (this.pushing === null) return this.context.place();
    const { func, pc, callIndex } = this.pushing;
    return { ...stackEntry(func, pc), callIndex };
  }

  /** The same for what may follow from a fault that was told already. */
  addFirst(code: CheckCode, message: string, details: Details = {}): void {
    if (!this.blamed) this.add(code, message, details);
  }
}

/** Events have more than that. */
const asyncifyStack = ({ data, pos, end }: AsyncifyStack) => ({ data, pos, end });
