// Where a recorded run stands. Everything that happens moves one of three counts up, so
// positions are compared like words: by the first count in which they differ.

export interface Position {
  /** Entries of the log that have taken effect. */
  readonly entries: number;
  /** `Machine.executed`. */
  readonly executed: number;
  /**
   * `Machine.drops`: frames that an unwind has dropped. Of a place to go to it may be infinite:
   * as many as are dropped before the next instruction.
   */
  readonly drops: number;
}

export const START: Position = { entries: 0, executed: 0, drops: 0 };

/** Negative where `a` is before `b`, 0 where they are the same. */
export const compare = (a: Position, b: Position): number =>
  a.entries - b.entries || a.executed - b.executed || a.drops - b.drops;

export const isBefore = (a: Position, b: Position): boolean => compare(a, b) < 0;

/** For people: `3:1204`, of an unwind `3:1204+2`. */
export const formatPosition = ({ entries, executed, drops }: Position): string =>
  `${entries}:${executed}${drops === 0 ? "" : `+${drops}`}`;

/** Null for what is none. */
export function parsePosition(text: string): Position | null {
  const [, entries, executed, drops = 0] = /^(\d+):(\d+)(?:\+(\d+))?$/.exec(text) ?? [];
  if (entries === undefined) return null;
  return { entries: Number(entries), executed: Number(executed), drops: Number(drops) };
}
