// The object `WebAssembly` under the checker: it watches the one instrumented instance that
// is made through the object, from the first call of one of its exports on.

const HOOKS = [
  "call",
  "return",
  "fail",
  "enter",
  "leave",
  "fiberSwitch",
  "hostCall",
  "hostReturn",
  "hostThrow",
  "trap",
];

/**
 * @param library what Bobbin exports: `makeWebAssembly`, `Checker`, `InstrumentedEvents`, `observers`
 * @returns the object, and `checker()`, which is undefined where nothing instrumented ran
 */
export function watched({ makeWebAssembly, Checker, InstrumentedEvents, observers }) {
  let watch;
  const open = (instance) => {
    const { module } = instance;
    let checker;
    let events;
    try {
      events = new InstrumentedEvents(module, (event) => checker.event(event));
    } catch (error) {
      if (error.kind === "twin") return;
      throw error;
    }
    if (watch !== undefined) throw new Error("two instrumented instances, and one checker");
    checker = new Checker(module);
    events.attach(instance);
    checker.attach(instance);
    watch = { checker, observer: observers(events.observer, checker.observer) };
  };
  const observer = {
    get instruction() {
      return watch?.observer.instruction;
    },
  };
  for (const hook of HOOKS) observer[hook] = (...args) => watch?.observer[hook]?.(...args);
  const seen = new WeakSet();
  observer.call = (func, args) => {
    const { instance } = func;
    if (instance !== null && !seen.has(instance)) {
      seen.add(instance);
      open(instance);
    }
    watch?.observer.call?.(func, args);
  };
  return { WebAssembly: makeWebAssembly({ observer }), checker: () => watch?.checker };
}
