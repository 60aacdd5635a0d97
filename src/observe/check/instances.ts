// The checker, attached to a machine: every instance that may unwind is checked, its module
// first.

import { AsyncifyError } from "../../fiber/asyncify/roles.js";
import type { ValidModule } from "../../valid/validate.js";
import type { Attachment, InstanceWatcher, NewInstance } from "../attachments.js";
import { TwinError } from "../twin-parts.js";
import { type CheckCounts, Checker } from "./checker.js";
import type { Finding } from "./finding.js";
import { checkStatically } from "./static.js";

/** What is known of one instance so far. */
export interface CheckedInstance {
  readonly name: string;
  readonly findings: readonly Finding[];
  /** None where its module could not be taken apart: a finding tells why. */
  readonly counts: CheckCounts | null;
  /** What the last call that failed has to do with the findings. */
  readonly lastWords: string | null;
}

interface Checked {
  readonly name: string;
  readonly static: readonly Finding[];
  readonly checker: Checker | null;
}

export class InstanceChecker implements Attachment {
  private readonly checked: Checked[] = [];
  private readonly seen = new WeakSet<ValidModule>();

  /** @param sink takes each finding when it is found; its count may yet grow */
  constructor(private readonly sink: (finding: Finding, instance: string) => void) {}

  instance({ instance, name, asyncify, unwinds }: NewInstance): InstanceWatcher | null {
    if (!unwinds) return null;
    const { module } = instance;
    const onFinding = (finding: Finding): void => this.sink(finding, name);
    const options = asyncify?.roles.options ?? {};
    const found = this.seen.has(module) ? [] : checkStatically(module, options);
    this.seen.add(module);
    found.forEach(onFinding);
    const checker = checkerOf(module, { ...(asyncify && { roles: asyncify.roles }), onFinding });
    this.checked.push({ name, static: found, checker });
    if (checker === null) return null;
    checker.attach(instance);
    return checker;
  }

  /** The program is over. */
  finish(): void {
    for (const { checker } of this.checked) checker?.finish();
  }

  get instances(): CheckedInstance[] {
    return this.checked.map(({ name, static: found, checker }) => ({
      name,
      findings: [...found, ...(checker?.findings ?? [])],
      counts: checker?.counts ?? null,
      lastWords: checker?.lastWords ?? null,
    }));
  }
}

/** Null for what cannot be classified. */
export function checkerOf(
  module: ValidModule,
  options: ConstructorParameters<typeof Checker>[1],
): Checker | null {
  try {
    return new Checker(module, options);
  } catch (error) {
    if (error instanceof AsyncifyError || error instanceof TwinError) return null;
    throw error;
  }
}
