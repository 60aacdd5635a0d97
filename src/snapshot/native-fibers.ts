// What the native fiber ABI knows beside the instance and its memory: the fibers that it
// suspended, and where those that were entered go back to.

import type { Fiber } from "../exec/fiber.js";
import { FiberAbi, type FiberAbiSettings, type Link } from "../fiber/abi/abi.js";
import { UsageError } from "../util/errors.js";
import type { ValidModule } from "../valid/validate.js";
import type { ByteWriter, SectionReader } from "./bytes.js";
import { SnapshotError } from "./errors.js";
import type { Graph } from "./graph.js";
import type { Chains } from "./load-fibers.js";

export function writeSuspended(w: ByteWriter, graph: Graph, abi: FiberAbi): void {
  const { nextNumber, suspended } = abi.save([]);
  w.uint(graph.instances.idOf(abi.instance!));
  w.uint(nextNumber);
  w.list(suspended, ({ number, fiber, outer, sp, ret }) => {
    w.uint(number);
    w.uint(graph.fibers.idOf(fiber));
    w.uint(graph.fibers.idOf(outer));
    w.uint(sp);
    w.uint(ret);
  });
}

/** Of all fibers that were found: the rest of the section. */
export function writeLinks(w: ByteWriter, graph: Graph, abi: FiberAbi): void {
  w.list(abi.save(graph.fibers.list).links, ({ fiber, link, stack }) => {
    w.uint(graph.fibers.idOf(fiber));
    w.flag(link !== null);
    if (link !== null) for (const n of [link.caller, link.ret, link.entry]) w.uint(n);
    w.flag(stack !== null);
    if (stack !== null) w.uint(stack);
  });
}

/** The section, fibers as their numbers. */
export interface SavedAbi {
  readonly instance: number;
  readonly nextNumber: number;
  readonly suspended: readonly {
    readonly number: number;
    readonly fiber: number;
    readonly outer: number;
    readonly sp: number;
    readonly ret: number;
  }[];
  readonly links: readonly {
    readonly fiber: number;
    readonly link: Link | null;
    readonly stack: number | null;
  }[];
}

export function readNative(r: SectionReader): SavedAbi {
  const pointer = (what: string) => r.below(2 ** 32, what);
  const instance = r.uint("an instance");
  const nextNumber = r.uint("the next suspension's number");
  const numbers = new Set<number>();
  const suspended = r.list("suspended fibers", () => {
    const start = r.pos;
    const number = r.below(nextNumber, "a suspension's number");
    r.ensure(number > 0 && !numbers.has(number), `two suspensions have number ${number}`, start);
    numbers.add(number);
    const fiber = r.uint("a fiber");
    return { number, fiber, outer: r.uint("a fiber"), sp: pointer("a stack pointer"), ret: pointer("an address") }; // prettier-ignore
  });
  const links = r.list("links", () => {
    const fiber = r.uint("a fiber");
    const link = r.flag("whether it was entered")
      ? { caller: pointer("a stack pointer"), ret: pointer("an address"), entry: pointer("an entry") } // prettier-ignore
      : null;
    return { fiber, link, stack: r.flag("whether its entry runs") ? pointer("a stack") : null };
  });
  r.end();
  return { instance, nextNumber, suspended, links };
}

export function makeNative(module: ValidModule, settings: FiberAbiSettings | undefined): FiberAbi {
  try {
    return new FiberAbi(module, settings);
  } catch (error) {
    if (error instanceof UsageError)
      throw new SnapshotError(error.message, { section: "native fibers" });
    throw error;
  }
}

/** Puts the ABI where it stood, once the fibers are there. */
export function restoreNative(
  abi: FiberAbi,
  saved: SavedAbi,
  chains: Chains,
  at: (index: number) => Fiber,
): void {
  const suspended = saved.suspended.map((s) => ({ ...s, fiber: at(s.fiber), outer: at(s.outer) }));
  for (const { fiber, outer } of suspended) chains.switched(fiber, outer);
  const links = saved.links.map((l) => ({ ...l, fiber: at(l.fiber) }));
  if (links.some(({ fiber }) => fiber.root))
    throw new SnapshotError("a fiber of the host was entered", { section: "native fibers" });
  abi.restore({ nextNumber: saved.nextNumber, suspended, links });
}
