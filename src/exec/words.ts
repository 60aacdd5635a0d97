// A list of 32-bit words that grows: what a function's code is written into.

export class Words {
  length = 0;

  /** @param room how many words there will be, about */
  constructor(
    room: number,
    private words = new Int32Array(room),
  ) {}

  /** @returns where it stands */
  push(word: number): number {
    const at = this.length++;
    if (at === this.words.length) this.grow();
    this.words[at] = word;
    return at;
  }

  set(at: number, word: number): void {
    this.words[at] = word;
  }

  toArray(): Int32Array {
    return this.words.slice(0, this.length);
  }

  private grow(): void {
    const words = new Int32Array(Math.max(16, this.words.length * 2));
    words.set(this.words);
    this.words = words;
  }
}
