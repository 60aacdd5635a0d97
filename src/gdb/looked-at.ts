// Which thread is looked at. LLDB asks for values of a frame by its number and names no thread, so
// it follows from what was asked before: a stack, or the register of a thread that was chosen.
// Asked twice for the same, or for an inner frame again, it has gone on to another thread: to one
// whose stack it has and has not looked at, or nobody knows where. A wrong value is worse than none.

export class LookedAt {
  /** 0 for whichever is on. */
  private id = 0;
  private frame = -1;
  /** What was asked of it. */
  private asked = new Set<string>();
  /** Threads whose stack was asked for, and nothing of it yet; and those that were looked at. */
  private readonly unseen = new Set<number>();
  private readonly seen = new Set<number>();
  /** It was said which thread is meant from now on. */
  private told = false;

  /** Its stack was asked for. */
  stack(id: number): void {
    this.unseen.add(id);
    this.go(id);
  }

  /** Its register was asked for. */
  register(id: number): void {
    this.told = false;
    if (id !== this.id) this.go(id);
  }

  /** It was chosen: LLDB asks for its register next, a person does not. */
  chosen(id: number): void {
    this.go(id);
    this.told = true;
  }

  /** @returns the thread of which a value is meant; null where nobody knows */
  value(frame: number, what: string): number | null {
    const key = `${frame} ${what}`;
    if (!this.told && (frame < this.frame || this.asked.has(key))) {
      const [other] = [...this.unseen].filter((id) => id !== this.id);
      if (other !== undefined) this.go(other);
      else if (this.seen.size > 1) return null;
    }
    this.unseen.delete(this.id);
    this.seen.add(this.id);
    this.asked.add(key);
    this.frame = frame;
    return this.id;
  }

  private go(id: number): void {
    this.id = id;
    this.frame = -1;
    this.asked = new Set();
    this.told = false;
  }
}
