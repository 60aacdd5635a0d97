// The text of a compiled function while it grows. Code that can be entered in its middle
// has every stretch that comes before an entry under the condition that nothing is being
// skipped: `e` is the number of the entry to go to, and 0 from then on.

export class Writer {
  readonly lines: string[] = [];
  private open = false;
  /** For each open construct: the last entry in it; or -1 if it has none and is under one condition. */
  private readonly ends: number[] = [];

  /** @param last the last entry there is @param passed the last one before all this */
  constructor(
    last: number,
    private passed = 0,
  ) {
    this.ends.push(last);
  }

  /** The number of the last entry passed. */
  get entry(): number {
    return this.passed;
  }

  statement(text: string): void {
    if (text === "") return;
    if (!this.open && this.skipping) {
      this.lines.push("if (e === 0) {");
      this.open = true;
    }
    this.lines.push(text);
  }

  /** Whether `e` may be other than 0 here. */
  get skipping(): boolean {
    const end = this.ends[this.ends.length - 1]!;
    return end > this.passed;
  }

  /**
   * Opens a construct with `last` as the last entry in it (at most `entry` if it has none),
   * `inFirst` as the last in its first arm; `text` ends with its brace. `resumed` is the
   * text where entry may be in it.
   */
  begin(text: string, last: number, resumed = text, inFirst = last): void {
    if (last <= this.passed) {
      this.statement(text);
      this.ends.push(this.open ? -1 : this.passed);
      return;
    }
    this.close();
    if (this.skipping) this.lines.push(`if (e <= ${last})`, resumed);
    else this.lines.push(text);
    this.ends.push(inFirst);
  }

  /** Between the arms of a construct; `last` is the last entry in it. */
  middle(text: string, last: number): void {
    const plain = this.ends[this.ends.length - 1] === -1;
    if (!plain) this.close();
    this.lines.push(text);
    if (!plain) this.ends[this.ends.length - 1] = last;
  }

  end(text = "}"): void {
    if (this.ends.pop() !== -1) this.close();
    this.lines.push(text);
  }

  /** A construct that goes to the entries up to `last` by itself; `e` is 0 after it. */
  goTo(text: string, last: number): void {
    this.begin("{", last);
    this.lines.push(text);
    this.passed = last;
  }

  /** Here is the next entry. */
  enter(): number {
    this.close();
    const number = ++this.passed;
    this.lines.push(this.skippingAfter(number) ? `if (e === ${number}) e = 0;` : "e = 0;");
    return number;
  }

  private skippingAfter(number: number): boolean {
    return this.ends[this.ends.length - 1]! > number;
  }

  private close(): void {
    if (this.open) this.lines.push("}");
    this.open = false;
  }
}
