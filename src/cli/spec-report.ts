// What `bobbin spec` tells: counts by group, each failure, and where text was not assembled.

import type { Result } from "../script/verdicts.js";
import { printable } from "../util/printable.js";
import { ASSEMBLER } from "./assembler.js";

/** A script: the group that it is counted in, and its name. */
export interface Where {
  readonly group: string;
  readonly file: string;
}

interface Counts {
  passed: number;
  failed: number;
  notApplicable: number;
  notAssembled: number;
}

/** A command that did not pass. */
interface Entry extends Where {
  readonly line: number;
  /** The thread of the script that it is part of. */
  readonly thread?: string;
  readonly command: string;
  readonly reason: string;
}

const COLUMNS = {
  passed: "passed",
  failed: "failed",
  notApplicable: "not applicable",
  notAssembled: "not assembled",
} as const satisfies Record<keyof Counts, string>;

const KEYS = Object.keys(COLUMNS) as (keyof Counts)[];
const zero = (): Counts => ({ passed: 0, failed: 0, notApplicable: 0, notAssembled: 0 });

export class Report {
  readonly failures: Entry[] = [];
  private readonly groups = new Map<string, Counts>();
  private readonly unassembled: Entry[] = [];

  add(where: Where, result: Result): void {
    const counts = this.groups.get(where.group) ?? zero();
    this.groups.set(where.group, counts);
    const { kind } = result.verdict;
    if (kind === "passed") counts.passed++;
    else if (kind === "not applicable") counts.notApplicable++;
    else if (kind === "not assembled") {
      counts.notAssembled++;
      this.unassembled.push(entryOf(where, result));
    } else {
      counts.failed++;
      this.failures.push(entryOf(where, result));
    }
  }

  json(): unknown {
    const { failures, unassembled } = this;
    return { groups: Object.fromEntries(this.groups), ...this.total, failures, unassembled };
  }

  lines(): string[] {
    const { failures, unassembled } = this;
    const row = (name: string, cells: readonly (string | number)[]) =>
      name.padEnd(24) + cells.map((cell) => String(cell).padStart(16)).join("");
    const numbers = (counts: Counts) => KEYS.map((key) => counts[key]);
    return [
      ...failures.map(line),
      ...unassembled.map((entry) => `${line(entry)} [not assembled]`),
      ...(failures.length + unassembled.length > 0 ? [""] : []),
      row("group", Object.values(COLUMNS)),
      ...[...this.groups].map(([name, counts]) => row(name, numbers(counts))),
      row("total", numbers(this.total)),
      ...(unassembled.length > 0
        ? ["", `not assembled: ${ASSEMBLER} made no module of the text, for the reasons above`]
        : []),
    ];
  }

  private get total(): Counts {
    const total = zero();
    for (const counts of this.groups.values()) for (const key of KEYS) total[key] += counts[key];
    return total;
  }
}

function entryOf({ group, file }: Where, { command, verdict, thread }: Result): Entry {
  const { type, line: at, action, filename } = command;
  const what =
    action === undefined ? (filename ?? "") : `${action.module ?? ""} ${action.field}`.trim();
  return {
    group,
    file,
    line: at,
    ...(thread === undefined ? {} : { thread }),
    command: `${type} ${what}`.trim(),
    reason: "reason" in verdict ? verdict.reason : "",
  };
}

const line = ({ file, line: at, thread, command, reason }: Entry): string =>
  printable(
    `${file}:${at}: ${thread === undefined ? "" : `thread ${thread} `}${command}: ${reason}`,
  );
