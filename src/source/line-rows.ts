// The rows of line tables, as many as there may be: addresses in typed arrays, in
// sequences of rising addresses. What is asked is found by bisection.

export interface Row {
  address: number;
  file: number;
  line: number;
  column: number;
  isStatement: boolean;
}

interface Sequence {
  readonly start: number;
  readonly end: number;
  /** Rows [first, last). */
  readonly first: number;
  readonly last: number;
}

const STATEMENT = 0x80000000;
const COLUMNS = 0x7fffffff;
const FIRST_CAPACITY = 1 << 10;

export class LineRows {
  private count = 0;
  private open = 0;
  private addresses = new Uint32Array(FIRST_CAPACITY);
  private files = new Uint32Array(FIRST_CAPACITY);
  private lines = new Uint32Array(FIRST_CAPACITY);
  /** And whether a statement begins there. */
  private columns = new Uint32Array(FIRST_CAPACITY);
  private sequences: Sequence[] = [];
  private sorted = true;

  /** Adds a row to the sequence that is open. @param file what the owner of the table calls it */
  add({ address, line, column, isStatement }: Row, file: number): void {
    if (this.count === this.addresses.length) this.grow();
    const at = this.count++;
    this.addresses[at] = address;
    this.files[at] = file;
    this.lines[at] = line;
    this.columns[at] = Math.min(column, COLUMNS) + (isStatement ? STATEMENT : 0);
  }

  /** Ends the open sequence, whose last instruction ends at `end`. */
  close(end: number): void {
    const { open: first, count: last } = this;
    this.open = last;
    if (first === last) return;
    this.sequences.push({ start: this.addresses[first]!, end, first, last });
    this.sorted = false;
  }

  /** The open sequence is not wanted. */
  drop(): void {
    this.count = this.open;
  }

  /** The row that an address belongs to. */
  at(address: number): Row | undefined {
    const sequence = this.sequenceAt(address);
    if (sequence === undefined) return undefined;
    const { addresses } = this;
    let low = sequence.first;
    let high = sequence.last;
    // The last row at or before the address.
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (addresses[middle]! <= address) low = middle;
      else high = middle;
    }
    return this.row(low);
  }

  /** Addresses at which a statement of `line` begins, as they lie in the tables. */
  starts(line: number, isFile: (file: number) => boolean): number[] {
    const found: number[] = [];
    for (const { first, last } of this.sequences) {
      let inside = false;
      for (let at = first; at < last; at++) {
        const hit = this.lines[at] === line && isFile(this.files[at]!);
        if (hit && !inside && this.columns[at]! >= STATEMENT) {
          found.push(this.addresses[at]!);
          inside = true;
        } else if (!hit) inside = false;
      }
    }
    return found;
  }

  private sequenceAt(address: number): Sequence | undefined {
    if (!this.sorted) this.sequences.sort((a, b) => a.start - b.start);
    this.sorted = true;
    let low = 0;
    let high = this.sequences.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sequences[middle]!.start <= address) low = middle + 1;
      else high = middle;
    }
    const sequence = this.sequences[low - 1];
    return sequence !== undefined && address < sequence.end ? sequence : undefined;
  }

  private row(at: number): Row {
    const column = this.columns[at]!;
    return {
      address: this.addresses[at]!,
      file: this.files[at]!,
      line: this.lines[at]!,
      column: column & COLUMNS,
      isStatement: column >= STATEMENT,
    };
  }

  private grow(): void {
    const larger = (old: Uint32Array<ArrayBuffer>) => {
      const grown = new Uint32Array(2 * old.length);
      grown.set(old);
      return grown;
    };
    this.addresses = larger(this.addresses);
    this.files = larger(this.files);
    this.lines = larger(this.lines);
    this.columns = larger(this.columns);
  }
}
