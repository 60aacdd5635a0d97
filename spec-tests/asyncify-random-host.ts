// Host scripts that drive random programs: several tasks in one instance, which sleep at
// random, wake up in random order, more than once, or from a copy of their buffer.
// Everything random is drawn from the seed, so every engine is driven alike.

import type { Random } from "../src/fiber/asyncify/analyze-random.testing.js";
import { randomFrom } from "../src/fiber/asyncify/analyze-random.testing.js";
import type { HostScript } from "../src/compare/host.js";
import { F32, F64, I64 } from "../src/valid/testing.js";
import type { Type } from "./asyncify-random-types.js";
import { BUFFERS, COUNT, isWide, OWN_BUFFER, type RunnableModule, STACK_TOP, STRIDE } from "./asyncify-random-module.js"; // prettier-ignore

export const DRIVES = ["once", "often", "multi-shot", "interleaved", "copied", "nested", "mixed", "overflow"] as const; // prettier-ignore
/** `calls`: no unwinding by the host; `misuse`: the runtime called at any time. */
export type DriveKind = (typeof DRIVES)[number] | "calls" | "misuse";

type Call = (...args: unknown[]) => unknown;
type Exports = Record<string, Call>;
type Memory = { readonly buffer: ArrayBuffer };
type Root = RunnableModule["roots"][number];
interface Task {
  readonly root: Root;
  readonly args: readonly unknown[];
  /** Where it sleeps; null while it does not. */
  buffer: number | null;
  sp: number;
  /** The bytes of its buffer, to be put back before it wakes up. */
  kept: Uint8Array | null;
  copies: number;
}

const NORMAL = 0;
const UNWINDING = 1;
const REWINDING = 2;

export function argumentsFor(r: Random, params: readonly Type[]): unknown[] {
  return params.map((type) =>
    type === I64 ? BigInt(r(1000)) - 500n : type === F32 || type === F64 ? r(64) / 4 : r(300) - 100,
  );
}

export function hostScript(kind: DriveKind, seed: number, module: RunnableModule): HostScript {
  return (context) => {
    const driver = new Driver(kind, randomFrom(seed), module, (done) => context.log(done));
    return {
      imports: { env: driver.imports },
      invoke(instance, name, args) {
        const root = module.roots.find((known) => known.name === name)!;
        return driver.run(instance.exports as Exports, root, args);
      },
    };
  };
}

class Driver {
  private exports!: Exports;
  private readonly tasks: Task[] = [];
  /** The tasks whose calls are on the stack, innermost last. */
  private readonly running: Task[] = [];
  private readonly used = new Set<number>();
  private naps = 0;
  private misuses = 0;

  constructor(
    private readonly kind: DriveKind,
    private readonly r: Random,
    private readonly module: RunnableModule,
    /** Told of what was done that the comparison must know. */
    private readonly log: (done: "copied") => void,
  ) {}

  readonly imports: Record<string, Call> = {
    sleep: (x) => {
      this.sleep();
      return (x as number) + this.r(100);
    },
    nap: () => this.sleep(),
    trade: (x, y) => {
      this.sleep();
      return [(y as number) / 2, Number((x as bigint) & 0xffn) + this.r(100)];
    },
    swap: (x) => {
      this.sleep();
      return this.r(3) === 0 ? `thing ${this.r(9)}` : x;
    },
    ...Object.fromEntries(["i32", "i64", "f32", "f64", "extern"].map((t) => [`log_${t}`, () => this.visited()])), // prettier-ignore
  };

  private is(...kinds: DriveKind[]): boolean {
    return kinds.includes(this.kind) || (this.kind === "mixed" && this.r(3) === 0);
  }

  run(exports: Exports, root: Root, args: readonly unknown[]): unknown {
    this.exports = exports;
    this.refuel();
    this.tasks.push(newTask(root, args));
    if (this.is("interleaved", "misuse", "calls", "overflow")) {
      for (let n = 1 + this.r(3); n > 0; n--) this.tasks.push(this.anyTask());
    }
    let result: unknown;
    for (let steps = 0; this.tasks.length > 0 && steps < 40; steps++) {
      const [task] = this.tasks.splice(this.is("interleaved", "misuse") ? this.r(this.tasks.length) : 0, 1); // prettier-ignore
      if (this.r(4) === 0) this.refuel();
      const returned = this.step(task!);
      if (task!.root === root) result = returned;
    }
    return result;
  }

  private anyTask(): Task {
    const { roots } = this.module;
    const root = roots[this.r(roots.length)]!;
    return newTask(root, argumentsFor(this.r, root.params));
  }
  private refuel(): void {
    this.exports["refuel"]!(15 + this.r(30));
  }

  /** Calls a task's export, once, and puts the task back where it sleeps. */
  private step(task: Task): unknown {
    const { exports } = this;
    this.running.push(task);
    try {
      let { args } = task;
      if (task.buffer !== null) {
        const from = this.bufferToWakeFrom(task);
        exports["sp_set"]!(task.sp);
        exports["asyncify_start_rewind"]!(this.pointer(from));
        // Whoever rewinds gives any arguments: the frame has its own.
        if (this.r(2) === 0) args = argumentsFor(this.r, task.root.params);
      }
      if (this.kind === "misuse") this.visited();
      const returned = exports[task.root.name]!(...args);
      if (this.kind !== "calls" && exports["asyncify_get_state"]!() === UNWINDING) this.fellAsleep(task); // prettier-ignore
      return returned;
    } catch (error) {
      // After a trap the others go on, but for errors of this script and exhausted stacks.
      const { name } = error as Error;
      if (/^(Type|Reference|Range|Link)Error$/.test(name) || this.r(2) === 0) throw error;
      if (this.r(4) > 0 && exports["asyncify_get_state"]!() !== NORMAL) {
        try {
          exports["asyncify_stop_unwind"]!();
        } catch {
          // Past its buffer's end.
        }
      }
      return undefined;
    } finally {
      this.running.pop();
    }
  }

  private fellAsleep(task: Task): void {
    const { r, exports } = this;
    if (this.kind === "misuse" && r(5) === 0) return;
    exports["asyncify_stop_unwind"]!();
    exports["sp_set"]!(STACK_TOP);
    if (task.buffer === null || r(30) === 0) return; // left asleep for ever
    this.tasks.unshift(task);
    if (task.copies < 2 && this.is("multi-shot")) {
      task.copies++;
      const kept = new Uint8Array(this.buffer).slice(task.buffer, this.position(task.buffer));
      this.tasks.push({ ...task, kept, copies: 2 });
    }
  }

  /** The data pointer of a buffer that holds the task's records. The buffer is free from now on. */
  private bufferToWakeFrom(task: Task): number {
    const { kept } = task;
    let buffer = task.buffer!;
    let bytes = kept;
    if (kept === null && this.is("copied")) {
      bytes = new Uint8Array(this.buffer).slice(buffer, this.position(buffer));
      this.used.delete(buffer);
      new Uint8Array(this.buffer, buffer, bytes.length).fill(0xee);
    }
    if (bytes !== null) {
      this.log("copied");
      if (this.used.has(buffer) || this.is("copied")) buffer = this.freeBuffer() ?? buffer;
      new Uint8Array(this.buffer, buffer, bytes.length).set(bytes);
      this.header(buffer, bytes.length, STRIDE - 512);
    }
    this.used.delete(buffer);
    task.buffer = null;
    task.kept = null;
    return buffer;
  }

  private freeBuffer(): number | null {
    const free = Array.from({ length: COUNT }, (_, i) => BUFFERS + i * STRIDE).filter((b) => !this.used.has(b)); // prettier-ignore
    return free.length === 0 ? null : free[this.r(free.length)]!;
  }
  /** The memory that holds the records. */
  private get buffer(): ArrayBuffer {
    return (this.exports[this.module.records] as unknown as Memory).buffer;
  }
  private get wide(): boolean {
    return isWide(this.module.memories);
  }
  /** Bytes of a buffer's header. */
  private get head(): number {
    return this.wide ? 16 : 8;
  }
  private pointer(address: number): number | bigint {
    return this.wide ? BigInt(address) : address;
  }
  private position(buffer: number): number {
    const view = new DataView(this.buffer);
    return this.wide ? Number(view.getBigUint64(buffer, true)) : view.getUint32(buffer, true);
  }
  /** Position and end of a buffer, in bytes from its start. */
  private header(buffer: number, position: number, end: number): void {
    const view = new DataView(this.buffer);
    [position, end].forEach((offset, i) => {
      if (this.wide) view.setBigUint64(buffer + 8 * i, BigInt(buffer + offset), true);
      else view.setUint32(buffer + 4 * i, buffer + offset, true);
    });
  }

  /** What the imports do that may sleep. */
  private sleep(): void {
    const { r, exports } = this;
    this.visited();
    if (this.kind === "calls") return;
    const state = exports["asyncify_get_state"]!();
    if (state === REWINDING) exports["asyncify_stop_rewind"]!();
    const task = this.running.at(-1);
    if (state !== NORMAL || task === undefined || task.buffer !== null) return;
    if (this.kind === "once" && (this.naps > 0 || r(2) > 0)) return;
    if (this.is("nested") && this.running.length < 3 && r(2) === 0) {
      this.step(this.anyTask());
      if (exports["asyncify_get_state"]!() !== NORMAL) return;
    }
    const buffer = this.freeBuffer();
    if (buffer === null || this.naps > 12 || r(5) === 0) return;
    this.naps++;
    this.used.add(buffer);
    task.buffer = buffer;
    task.sp = exports["sp_get"]!() as number;
    const { head } = this;
    this.header(buffer, head, this.kind === "overflow" ? head + r(r(2) === 0 ? 60 : 400) : STRIDE - 512); // prettier-ignore
    exports["asyncify_start_unwind"]!(this.pointer(buffer));
  }

  /** The program calls its host: time for a misuse. */
  private visited(): void {
    const { r, exports } = this;
    if (this.kind !== "misuse" || this.misuses > 5 || r(4) > 0) return;
    this.misuses++;
    const any = () =>
      r(12) === 0 ? [0, 0xfffffff8, OWN_BUFFER][r(3)]! : BUFFERS + r(COUNT) * STRIDE;
    switch (r(6)) {
      case 0: {
        const buffer = any();
        if (r(3) > 0 && buffer !== 0xfffffff8)
          this.header(buffer, this.head, r(3) === 0 ? 60 : STRIDE - 512);
        exports["asyncify_start_unwind"]!(this.pointer(buffer));
        return;
      }
      case 1:
        exports["asyncify_stop_unwind"]!();
        return;
      case 2: {
        const asleep = this.tasks.find(({ buffer }) => buffer !== null);
        exports["asyncify_start_rewind"]!(this.pointer(r(2) === 0 ? any() : (asleep?.buffer ?? any()))); // prettier-ignore
        return;
      }
      case 3:
        exports["asyncify_stop_rewind"]!();
        return;
      default:
        if (this.running.length < 3) this.step(this.anyTask());
    }
  }
}

const newTask = (root: Root, args: readonly unknown[]): Task => ({ root, args, buffer: null, sp: STACK_TOP, kept: null, copies: 0 }); // prettier-ignore
