// Which locals are live after each call site: backward data flow over the graph of a
// body's blocks, each with its reads and writes of locals in order. Code that cannot
// be reached has no block. Sets of locals are rows of 32-bit words, one row a block.

/** What happens in a block, low bits of an event; the rest is the local or the site. */
const READ = 0;
const WRITE = 1;
const SITE = 2;

/** Filled in code order: a block's events come while it is the current one, and it is that only once. */
export class FlowGraph {
  /** The block that code is added to; -1 where it cannot be reached. */
  current = 0;
  siteCount = 0;
  private readonly events: number[] = [];
  private readonly starts: number[] = [0];
  private readonly ends: number[] = [0];
  private readonly successors: number[][] = [[]];

  get reachable(): boolean {
    return this.current >= 0;
  }

  /** A new block, not yet connected. */
  block(): number {
    this.starts.push(0);
    this.ends.push(0);
    this.successors.push([]);
    return this.starts.length - 1;
  }

  /** Control may pass from one block to the other. Nothing comes from unreachable code. */
  edge(from: number, to: number): void {
    if (from >= 0) this.successors[from]!.push(to);
  }

  /** Goes on in another block; does not connect it. */
  enter(block: number): void {
    if (this.current >= 0) this.ends[this.current] = this.events.length;
    this.current = block;
    if (block >= 0) this.starts[block] = this.events.length;
  }

  read(local: number): void {
    this.add(local, READ);
  }
  write(local: number): void {
    this.add(local, WRITE);
  }
  /** A call site; they are numbered in order. */
  site(): void {
    this.add(this.siteCount++, SITE);
  }

  private add(value: number, kind: number): void {
    if (this.current >= 0) this.events.push(value * 4 + kind);
  }

  /** For every site the locals that may be read after it before they are written, ascending. */
  liveAfterSites(localCount: number): number[][] {
    this.enter(-1);
    const words = (localCount + 31) >>> 5;
    const liveIn = this.solve(words);
    const sites: number[][] = Array.from({ length: this.siteCount }, () => []);
    const live = new Int32Array(words);
    for (let block = 0; block < this.starts.length; block++) {
      const start = this.starts[block]!;
      let first = start;
      while (first < this.ends[block]! && (this.events[first]! & 3) !== SITE) first++;
      if (first >= this.ends[block]!) continue;
      live.fill(0);
      this.joinSuccessors(block, liveIn, live, words);
      for (let i = this.ends[block]! - 1; i >= first; i--) {
        const event = this.events[i]!;
        const value = event >>> 2;
        const kind = event & 3;
        if (kind === SITE) sites[value] = members(live);
        else if (kind === READ) live[value >>> 5]! |= 1 << (value & 31);
        else live[value >>> 5]! &= ~(1 << (value & 31));
      }
    }
    return sites;
  }

  /** The locals live at the start of every block: the least solution of in = reads + (out - writes). */
  private solve(words: number): Int32Array {
    const count = this.starts.length;
    const reads = new Int32Array(count * words);
    const writes = new Int32Array(count * words);
    const predecessors: number[][] = Array.from({ length: count }, () => []);
    for (let block = 0; block < count; block++) {
      for (const next of this.successors[block]!) predecessors[next]!.push(block);
      const row = block * words;
      for (let i = this.starts[block]!; i < this.ends[block]!; i++) {
        const local = this.events[i]! >>> 2;
        const kind = this.events[i]! & 3;
        if (kind === SITE) continue;
        const word = row + (local >>> 5);
        const bit = 1 << (local & 31);
        if (kind === WRITE) writes[word]! |= bit;
        // Only what is read before it is written here must come from outside.
        else if ((writes[word]! & bit) === 0) reads[word]! |= bit;
      }
    }

    const liveIn = reads.slice();
    const out = new Int32Array(words);
    // Blocks stand in code order, so taking the last first settles all but loops at once.
    const waiting = new Uint8Array(count).fill(1);
    const stack = Array.from({ length: count }, (_, block) => block);
    while (stack.length > 0) {
      const block = stack.pop()!;
      waiting[block] = 0;
      out.fill(0);
      this.joinSuccessors(block, liveIn, out, words);
      const row = block * words;
      let changed = false;
      for (let w = 0; w < words; w++) {
        const before = liveIn[row + w]!;
        const after = before | (out[w]! & ~writes[row + w]!);
        if (after === before) continue;
        liveIn[row + w] = after;
        changed = true;
      }
      if (!changed) continue;
      for (const previous of predecessors[block]!) {
        if (waiting[previous] === 0) {
          waiting[previous] = 1;
          stack.push(previous);
        }
      }
    }
    return liveIn;
  }

  private joinSuccessors(block: number, liveIn: Int32Array, into: Int32Array, words: number): void {
    for (const next of this.successors[block]!) {
      for (let w = 0; w < words; w++) into[w]! |= liveIn[next * words + w]!;
    }
  }
}

function members(set: Int32Array): number[] {
  const result: number[] = [];
  for (let w = 0; w < set.length; w++) {
    for (let rest = set[w]!; rest !== 0; rest &= rest - 1) {
      result.push(w * 32 + 31 - Math.clz32(rest & -rest));
    }
  }
  return result;
}
