// What a piece of straight code with branches does, as a tree of its effects in order:
// stores, globals set, calls; a fork where it depends on a condition. Two pieces of code
// with the same tree do the same, however they are written. There are no loops.

import { type Expression, symbol, textOf, truthOf } from "./expressions.js";

/** One way through the code, as far as it has been followed. */
export class Path {
  private lines: string[] = [];
  /** Counts what may have changed memory. */
  private memory = 0;
  private globals = new Map<number, Expression>();
  /** Counts calls of unknown functions, which may have changed globals. */
  private unknown = 0;

  load(address: Expression): Expression {
    return symbol(`[${textOf(address)}]@${this.memory}`);
  }
  store(address: Expression, value: Expression): void {
    this.lines.push(`store ${textOf(address)} ${textOf(value)}`);
    this.memory++;
  }
  get(global: number): Expression {
    return (
      this.globals.get(global) ??
      symbol(`g${global}${this.unknown === 0 ? "" : `@${this.unknown}`}`)
    );
  }
  set(global: number, value: Expression): void {
    this.lines.push(`set g${global} ${textOf(value)}`);
    this.globals.set(global, value);
  }
  /** A runtime function of asyncify: it changes nothing that the module can see. */
  runtime(name: string, args: readonly Expression[] = []): void {
    this.lines.push(`call ${name}(${args.map(textOf).join(", ")})`);
  }
  /** A function that may do anything. */
  indirect(type: number, table: number, callee: Expression, args: readonly Expression[]): void {
    this.lines.push(
      `indirect type ${type} table ${table} ${textOf(callee)}(${args.map(textOf).join(", ")})`,
    );
    this.memory++;
    this.unknown++;
    this.globals.clear();
  }

  /** The tree from here on: both ways where the value is not known. */
  fork(value: Expression, then: (path: Path) => string, otherwise: (path: Path) => string): string {
    const truth = truthOf(value);
    if (typeof truth === "boolean") return (truth ? then : otherwise)(this);
    const [holds, fails] = truth.negated ? [otherwise, then] : [then, otherwise];
    return `${this.text()}if ${truth.atom} {\n${holds(this.copy())}} else {\n${fails(this.copy())}}\n`;
  }
  end(how: "return" | "trap"): string {
    return `${this.text()}${how}\n`;
  }

  private text(): string {
    return this.lines.map((line) => `${line}\n`).join("");
  }
  /** Goes on from the same state; its lines are its own. */
  private copy(): Path {
    const path = new Path();
    path.memory = this.memory;
    path.unknown = this.unknown;
    path.globals = new Map(this.globals);
    return path;
  }
}
