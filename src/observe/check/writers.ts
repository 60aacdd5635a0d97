// Who wrote over a record: watches words of records, instruction by instruction, from
// where they were pushed to where they were found changed. That is too slow for every run
// and needs to know the words: they come from the findings of a run before this one.

import type { Observer } from "../../exec/hooks.js";
import { stackEntry } from "../../exec/stack.js";
import type { RecordEvent } from "../events.js";
import type { TracedEvent } from "../tracer.js";
import type { Context, Site } from "./context.js";
import type { ChangedWord, Finding, Writer } from "./finding.js";

interface Watched {
  readonly word: ChangedWord;
  value: number;
  /** Null while nobody changed it but pushes of records. */
  writer: Writer | null;
}

/** The words that findings of a run are about: what a second run of the same program must watch. */
export const changedWords = (findings: readonly Finding[]): ChangedWord[] =>
  findings.flatMap(({ changed }) => (changed === null ? [] : [changed]));

/** The findings of a run, with the writers that a second run knows. Where that took another course it knows nothing. */
export function withWriters(
  findings: readonly Finding[],
  again: readonly Finding[],
): readonly Finding[] {
  const same = (a: Finding, b: Finding) =>
    a.code === b.code && a.event === b.event && a.message === b.message;
  return findings.map((finding) => {
    if (finding.changed === null) return finding;
    return { ...finding, writer: again.find((other) => same(finding, other))?.writer ?? null };
  });
}

export class WriterWatch {
  private watched: Watched[] = [];
  /** The instruction that ran last; null where the host did. */
  private last: Site | null = null;
  /** Number of the last event. */
  private event = 0;

  constructor(
    private readonly context: Context,
    private readonly words: readonly ChangedWord[],
  ) {}

  /** Comes before everybody who is told the same and may ask for writers. */
  readonly observer: Observer = {
    instruction: ({ top: { func, pc } }) => {
      if (this.watched.length > 0) {
        this.look();
        this.last = { func, pc };
      }
      return undefined;
    },
    call: () => this.cross(),
    return: () => this.cross(),
    fail: () => this.cross(),
    hostCall: () => this.cross(),
    hostReturn: () => this.cross(),
    hostThrow: () => this.cross(),
  };

  /** Before anybody else hears of the event. */
  before(event: TracedEvent): void {
    if (event.type === "push") this.pushed(event);
    else this.look();
    this.event = event.seq;
    // The first run told of nothing later.
    this.watched = this.watched.filter(({ word }) => event.seq <= word.found);
    for (const word of this.words) {
      if (word.pushed === event.seq)
        this.watched.push({ word, value: this.read(word), writer: null });
    }
  }

  writerOf({ address, pushed }: Pick<ChangedWord, "address" | "pushed">): Writer | null {
    const is = ({ word }: Watched) => word.address === address && word.pushed === pushed;
    return this.watched.find(is)?.writer ?? null;
  }

  /** What was written since the last look is the work of who ran since. */
  private look(): void {
    for (const watched of this.watched) {
      const value = this.read(watched.word);
      if (value === watched.value) continue;
      watched.value = value;
      watched.writer = this.writer();
    }
  }

  /** Records that are pushed over others are told of as such. */
  private pushed({ address, size }: RecordEvent): void {
    this.look();
    for (const watched of this.watched) {
      const { word } = watched;
      if (word.address < address + size && address < word.address + word.size)
        watched.writer = null;
    }
  }

  private cross(): void {
    this.look();
    this.last = null;
  }

  private writer(): Writer {
    const { last, event } = this;
    if (last !== null) return { where: stackEntry(last.func, last.pc), host: null, event };
    const { kind, name } = this.context.caller();
    return { where: null, host: kind === "import" ? `the host in ${name}` : "the host", event };
  }

  private read({ address, size }: ChangedWord): number {
    return this.context.number(address, size);
  }
}
