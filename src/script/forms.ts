// One parenthesised form of a script, read from left to right: `(assert_return …)`.

import type { Atom, List, Node, Positions } from "../text/sexpr.js";
import { decodeUtf8 } from "../util/utf8.js";

export class Form {
  /** The keyword that it begins with; empty where there is none. */
  readonly head: string;
  private next = 0;

  constructor(
    readonly list: List,
    private readonly positions: Positions,
  ) {
    const [first] = list.items;
    this.head = first?.kind === "atom" ? first.text : "";
    if (this.head !== "") this.next = 1;
  }

  /** The next item, which stays. */
  get peek(): Node | undefined {
    return this.list.items[this.next];
  }

  /** Index in the source of what comes next. */
  get position(): number {
    return this.peek?.start ?? this.list.end - 1;
  }

  /** Index in the source of the end of what was taken last. */
  get taken(): number {
    return this.list.items[this.next - 1]?.end ?? this.list.start + 1;
  }

  take(what: string): Node {
    const node = this.peek;
    if (node === undefined) this.fail(`${what} is wanted`);
    this.next++;
    return node;
  }

  takeList(what: string): List {
    const node = this.take(`${what} in parentheses`);
    if (node.kind === "list") return node;
    this.next--;
    this.fail(`${what} in parentheses is wanted`);
  }

  /** All that is left. */
  *rest(what: string): Generator<List> {
    while (this.peek !== undefined) yield this.takeList(what);
  }

  /** Whether this keyword comes next: then it is taken. */
  keyword(text: string): boolean {
    const found = this.peek?.kind === "atom" && this.peek.text === text;
    if (found) this.next++;
    return found;
  }

  /** The next identifier, with its `$`, if one comes. */
  identifier(): string | undefined {
    const node = this.peek;
    if (node?.kind !== "atom" || !node.text.startsWith("$")) return undefined;
    this.next++;
    return node.text;
  }

  atom(what: string): Atom {
    const node = this.peek;
    if (node?.kind !== "atom") this.fail(`${what} is wanted`);
    this.next++;
    return node;
  }

  string(what: string): string {
    const node = this.peek;
    if (node?.kind !== "string") this.fail(`${what} is wanted, a string`);
    const text = decodeUtf8(node.bytes, 0, node.bytes.length);
    if (text === undefined) this.fail("malformed UTF-8 encoding");
    this.next++;
    return text;
  }

  optionalString(): string | undefined {
    return this.peek?.kind === "string" ? this.string("") : undefined;
  }

  /** The bytes of all strings that come next, as one. */
  strings(): Uint8Array {
    const all: number[] = [];
    while (this.peek?.kind === "string") {
      for (const byte of this.peek.bytes) all.push(byte);
      this.next++;
    }
    this.end();
    return Uint8Array.from(all);
  }

  /** Passes over all that is left. */
  skip(): void {
    this.next = this.list.items.length;
  }

  /** Goes back to the item before, so that a failure is about it. */
  back(): this {
    this.next--;
    return this;
  }

  /** Nothing more may come. */
  end(): void {
    if (this.peek !== undefined) this.fail(`nothing more is wanted in ${this.head || "this form"}`);
  }

  /** The same for another form inside of this one. */
  inside(list: List): Form {
    return new Form(list, this.positions);
  }

  /** Refuses what comes next. @throws SyntaxFault */
  fail(reason: string): never {
    throw this.positions.fault(this.position, reason);
  }
}
