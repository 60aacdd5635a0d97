// A host under which a program must do the same whether it sleeps or not: what it answers
// depends on how many calls it has answered, and on nothing else. It puts a program to sleep
// at any call, several times at the same one, and runs others meanwhile: exports that it calls
// from within its own functions, to their ends, before or after the sleep or during it.

import type { HostScript } from "../src/compare/host.js";
import { reasonOf } from "../src/compare/reasons.js";
import { type Random, randomFrom } from "../src/fiber/asyncify/analyze-random.testing.js";
import { digestOf } from "../src/observe/digest.js";
import { F32, F64, I64 } from "../src/valid/testing.js";
import { isException } from "./asyncify-random-check.js";
import { argumentsFor } from "./asyncify-random-host.js";
import { BUFFERS, COUNT, isWide, MORE_SLEEPERS, type RunnableModule, STACK_TOP, STRIDE } from "./asyncify-random-module.js"; // prettier-ignore
import { EXTERN, type Signature, type Type } from "./asyncify-random-types.js";

type Call = (...args: unknown[]) => unknown;
export type Exports = Record<string, Call>;
type Root = RunnableModule["roots"][number];
type Memory = { readonly buffer: ArrayBuffer };
/** When the host calls the program again, in a call of the program's. */
const MOMENTS = ["before", "asleep", "after"] as const;

export interface World {
  readonly module: RunnableModule;
  /** Decides on answers, and on what is called meanwhile. */
  readonly seed: number;
  /** Decides on sleep; null for a host that answers at once. */
  readonly sleep: Random | null;
  /** Whether references are numbers. */
  readonly lowered: boolean;
  /** What is called, one after the other. */
  readonly roots: readonly Root[];
  /** Told all that must be the same. */
  readonly say: (line: string) => void;
}

/** A call of the program's that the host has not answered yet. */
interface Pending {
  readonly number: number;
  readonly said: string;
  /** When the program is called meanwhile; null where it is not, or has been. */
  moment: (typeof MOMENTS)[number] | null;
  /** How many times it still falls asleep. */
  naps: number;
}
interface Task {
  readonly buffer: number;
  pending: Pending | null;
  sp: number;
}

const NORMAL = 0;
const UNWINDING = 1;
const REWINDING = 2;
/** Buffers are large: one for each of the tasks that are in each other. */
const DEPTH = 3;
const ROOM = (COUNT / DEPTH) * STRIDE;

export const transparentHost =
  (world: World): HostScript =>
  () => {
    const host = new TransparentHost(world);
    return {
      imports: { env: host.imports },
      invoke(instance) {
        const turns = host.run(instance.exports as Exports);
        while (turns.next().done !== true);
      },
    };
  };

export class TransparentHost {
  exports!: Exports;
  private readonly tasks: Task[] = [];
  private calls = 0;
  private naps = 0;
  private sleepers = new Set(MORE_SLEEPERS);

  constructor(private readonly world: World) {}

  get imports(): Record<string, Call> {
    const { imports } = this.world.module;
    return {
      ...Object.fromEntries(
        imports.map(({ name, type }) => [name, (...args) => this.called(name, type, args)]),
      ),
      get_state: () => 0,
    };
  }

  /** Runs the roots to their ends, and tells what they leave; yields wherever one sleeps. */
  *run(exports: Exports): Generator<void, void> {
    this.exports = exports;
    const { say, seed, roots, sleep } = this.world;
    const r = randomFrom(seed);
    exports["quiet"]!(sleep === null ? 1 : 0);
    for (const root of roots) {
      this.exports["refuel"]!(15 + r(30));
      yield* this.complete(root, this.argumentsFor(r, root.params));
    }
    const globals = ["g0", "g1", "g2", "g3"].map((name) => print((this.exports[name] as unknown as { value: unknown }).value)); // prettier-ignore
    say(`globals ${globals.join()}`);
    const memory = new Uint8Array((this.exports["memory"] as unknown as Memory).buffer);
    say(`memory ${digestOf(memory, [[BUFFERS - 8, BUFFERS + COUNT * STRIDE]])}`);
  }

  private argumentsFor(r: Random, params: readonly Type[]): unknown[] {
    const numbers = argumentsFor(r, params);
    return numbers.map((n, i) => (params[i] === EXTERN ? this.reference(r(5)) : n));
  }
  /** References of the host are known by number. */
  private reference(n: number): unknown {
    if (this.world.lowered) return n;
    return n === 0 ? null : `thing ${n}`;
  }
  private print(value: unknown, type: Type | undefined): string {
    return type === EXTERN && this.world.lowered ? print(this.unlowered(value as number)) : print(value); // prettier-ignore
  }
  private unlowered(n: number): unknown {
    return n === 0 ? null : `thing ${n}`;
  }

  /** Calls an export until it does not unwind. */
  private *complete({ name, params, results }: Root, args: unknown[]): Generator<void, void> {
    const { say, sleep } = this.world;
    const task: Task = { buffer: BUFFERS + this.tasks.length * ROOM, pending: null, sp: 0 };
    const sp = this.exports["sp_get"]!();
    this.tasks.push(task);
    say(`call ${name}`);
    try {
      for (;;) {
        const result = this.exports[name]!(...args);
        if (this.state !== UNWINDING) {
          const list = Array.isArray(result) ? (result as unknown[]) : [result];
          say(`${name} = ${list.map((v, i) => this.print(v, results[i])).join()}`);
          return;
        }
        this.exports["asyncify_stop_unwind"]!();
        this.exports["sp_set"]!(STACK_TOP);
        if (task.pending!.moment === "asleep") this.meanwhile(task.pending!);
        yield;
        this.exports["sp_set"]!(task.sp);
        this.exports["asyncify_start_rewind"]!(this.pointer(task.buffer));
        // Whoever rewinds gives any arguments: the frame has its own.
        if (sleep!(2) === 0) args = this.argumentsFor(sleep!, params);
      }
    } catch (error) {
      const { kind, reason } = reasonOf(error);
      if (kind === "exhaustion" || (kind !== "trap" && !isException(error))) throw error;
      say(`${name} ${reason}`);
      if (this.state !== NORMAL) say(`and is ${this.state}`);
    } finally {
      this.tasks.pop();
    }
    this.exports["sp_set"]!(sp);
  }

  private get state(): number {
    return this.exports["asyncify_get_state"]!() as number;
  }
  private pointer(address: number): number | bigint {
    return isWide(this.world.module.memories) ? BigInt(address) : address;
  }

  private called(name: string, { params, results }: Signature, args: readonly unknown[]): unknown {
    const { say, seed } = this.world;
    const task = this.tasks.at(-1)!;
    const said = `${name}(${args.map((v, i) => this.print(v, params[i])).join()})`;
    let { pending } = task;
    if (this.state === REWINDING) {
      this.exports["asyncify_stop_rewind"]!();
      if (pending === null) throw new Error(`${name} is called by a rewind of nothing`);
      if (said !== pending.said) say(`instead of ${pending.said}: ${said}`);
    } else {
      if (this.state !== NORMAL) say(`while ${this.state}`);
      say(said);
      const number = this.calls++;
      const r = randomFrom(seed ^ Math.imul(number + 1, 0x9e3779b1));
      const again = this.tasks.length < DEPTH && r(6) === 0 && this.world.module.kind === "plain";
      const sleeps = this.sleepers.has(`env.${name}`) && this.wantsSleep();
      const moment = !again ? null : sleeps ? MOMENTS[this.world.sleep!(3)]! : "before";
      pending = { number, said, moment, naps: sleeps ? 1 + this.world.sleep!(2) : 0 };
    }
    task.pending = null;
    if (pending.moment === "before") this.meanwhile(pending);
    if (pending.naps > 0) {
      pending.naps--;
      this.fallAsleep(task, pending);
    } else if (pending.moment === "after") this.meanwhile(pending);
    // What is answered to a program that unwinds nobody looks at.
    const r = randomFrom(seed + 7 + pending.number);
    const answers = results.map(
      (type) =>
      type === EXTERN ? this.reference(r(5)) : type === I64 ? BigInt(r(900)) - 300n : type === F32 || type === F64 ? r(99) / 4 : r(400) - 100, // prettier-ignore
    );
    if (this.state === NORMAL && results.length > 0)
      say(`answer ${answers.map((v, i) => this.print(v, results[i])).join()}`);
    return results.length > 1 ? answers : answers[0];
  }

  private wantsSleep(): boolean {
    const { sleep, module } = this.world;
    if (sleep === null || module.kind !== "plain" || this.naps >= 40) return false;
    this.naps++;
    return sleep(3) > 0;
  }

  private fallAsleep(task: Task, pending: Pending): void {
    const { buffer } = task;
    task.pending = pending;
    task.sp = this.exports["sp_get"]!() as number;
    const { records, memories } = this.world.module;
    const view = new DataView((this.exports[records] as unknown as Memory).buffer);
    if (isWide(memories)) {
      view.setBigUint64(buffer, BigInt(buffer + 16), true);
      view.setBigUint64(buffer + 8, BigInt(buffer + ROOM), true);
    } else {
      view.setUint32(buffer, buffer + 8, true);
      view.setUint32(buffer + 4, buffer + ROOM, true);
    }
    this.exports["asyncify_start_unwind"]!(this.pointer(buffer));
  }

  /** Calls another export, which may sleep itself. */
  private meanwhile(pending: Pending): void {
    const { module, seed } = this.world;
    const r = randomFrom(seed - 13 - pending.number);
    pending.moment = null;
    const root = module.roots[r(module.roots.length)]!;
    const turns = this.complete(root, this.argumentsFor(r, root.params));
    while (turns.next().done !== true);
  }
}

const print = (value: unknown): string =>
  typeof value === "bigint" ? `${value}n` : typeof value === "string" ? value : Object.is(value, -0) ? "-0" : String(value); // prettier-ignore
