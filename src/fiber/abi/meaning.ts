// What the fiber assembly does, as trees of effects: the reference that functions of a
// module are compared with. Source: the crate stackful's src/arch/wasm32.s.

import { Path } from "./effects.js";
import { constant, equal, type Expression, lessUnsigned, plus } from "./expressions.js";

/** The fiber assembly's own variables, and what it calls through. */
export interface Places {
  /** Global index of `__stack_pointer`. */
  readonly stackPointer: number;
  /** Addresses of `rewinding_stack` and `unwinding_stack`. */
  readonly rewinding: number;
  readonly unwinding: number;
  /** Of fiber entries: type index of `(i32, i32) -> ()`, and the table. */
  readonly type: number;
  readonly table: number;
}

/** `fiber_switch_leave(ret, target, payload)` */
export function leaveTree(
  { stackPointer, rewinding, unwinding }: Places,
  [ret, target, payload]: readonly Expression[],
): string {
  const path = new Path();
  const header = plus(path.get(stackPointer), -16);
  const cell = constant(rewinding);
  return path.fork(
    path.load(cell),
    (resumed) => {
      resumed.runtime("stop_rewind");
      resumed.store(ret!, resumed.load(cell));
      resumed.store(cell, constant(0));
      resumed.store(plus(ret!, 4), resumed.load(plus(header, 12)));
      return resumed.end("return");
    },
    (leaving) => {
      leaving.store(constant(unwinding), target!);
      leaving.store(plus(header, 12), payload!);
      leaving.store(header, plus(leaving.get(stackPointer), -65552));
      leaving.store(plus(header, 4), header);
      leaving.runtime("start_unwind", [header]);
      return leaving.end("return");
    },
  );
}

/**
 * `fiber_enter_impl(ret, sp, payload, entry)`, and the two that call it with the test
 * behind that keeps them top-most runtime (`wrapped`).
 */
export function enterTree(
  { stackPointer, rewinding, unwinding, type, table }: Places,
  [ret, sp, payload, entry]: readonly Expression[],
  wrapped: boolean,
): string {
  const cell = constant(rewinding);
  const finish = (path: Path) =>
    wrapped
      ? path.fork(
          equal(path.load(cell), constant(1)),
          (never) => {
            never.runtime("stop_rewind");
            return never.end("return");
          },
          (always) => always.end("return"),
        )
      : path.end("return");
  const run = (
    path: Path,
    back: Expression,
    caller: Expression,
    given: Expression,
    callee: Expression,
  ): string => {
    path.indirect(type, table, callee, [caller, given]);
    const header = plus(path.get(stackPointer), -16);
    return path.fork(
      equal(path.load(constant(unwinding)), caller),
      (arrived) => {
        arrived.store(constant(unwinding), constant(0));
        arrived.runtime("stop_unwind");
        arrived.store(plus(header, 8), callee);
        arrived.store(back, arrived.get(stackPointer));
        arrived.store(plus(back, 4), arrived.load(plus(header, 12)));
        arrived.set(stackPointer, caller);
        return finish(arrived);
      },
      (between) => {
        const pos = between.load(header);
        const over = plus(pos, 16);
        return between.fork(
          lessUnsigned(between.load(plus(header, 4)), over),
          (full) => full.end("trap"),
          (saving) => {
            saving.store(pos, back);
            saving.store(plus(pos, 4), caller);
            saving.store(plus(pos, 12), callee);
            saving.store(header, over);
            return finish(saving);
          },
        );
      },
    );
  };
  const path = new Path();
  return path.fork(
    path.load(cell),
    (again) => {
      const header = plus(again.get(stackPointer), -16);
      const pos = plus(again.load(header), -16);
      again.store(header, pos);
      const [back, caller, callee] = [0, 4, 12].map((at) => again.load(plus(pos, at)));
      return run(again, back!, caller!, pos, callee!);
    },
    (entering) => {
      const caller = entering.get(stackPointer);
      entering.set(stackPointer, sp!);
      return entering.fork(
        entry!,
        (fresh) => run(fresh, ret!, caller, payload!, entry!),
        (resuming) => {
          const header = plus(resuming.get(stackPointer), -16);
          resuming.store(plus(header, 12), payload!);
          resuming.store(cell, caller);
          resuming.runtime("start_rewind", [header]);
          return run(resuming, ret!, caller, payload!, resuming.load(plus(header, 8)));
        },
      );
    },
  );
}
