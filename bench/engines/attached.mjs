// What may be attached to a machine, by name, for observers.mjs. Of an attachment, `before`
// a module is instantiated gives what it imports from asyncify, `after` gets the instance before
// its code runs, `made` when that is ready, and `run` stands in for the kernels' export.

import {
  Asyncify,
  Checker,
  DebugSession,
  disassembleFunction,
  i32,
  Recorder,
  Tracer,
} from "../../dist/index.js";

const seen = { count: 0 };
const count = () => {
  seen.count++;
};

/** Asyncify with someone who listens, as `bobbin trace` and `bobbin check` have it. */
const listening = (makeListener) => (machine) => {
  let asyncify;
  let listener;
  return {
    before(module) {
      listener = makeListener(module);
      asyncify = new Asyncify(module, { listener: listener.event });
      machine.interposer = asyncify;
      machine.observer = listener.observer;
      return asyncify.imports;
    },
    after(instance) {
      asyncify.attach(instance);
      listener.attach?.(instance);
    },
  };
};

const observing = (observer) => (machine) => ({
  after() {
    machine.observer = observer;
  },
});

/** A debugger with a breakpoint where the program never comes, in the function that it is in most. */
const breakpoint = (machine) => ({
  async run(instance) {
    const session = (times) => {
      machine.start(instance.func("run"), [i32(times)]);
      return new DebugSession(machine, instance);
    };
    const place = await unreached(instance, session(1));
    return async (times) => {
      const debug = session(times);
      debug.breakpoints.add(place);
      const { kind, results } = await debug.continue();
      if (kind !== "returned") throw new Error(`the run ended as ${kind}`);
      return results[0].value >>> 0;
    };
  },
});

/** Stops once at each instruction that the program comes to: what is left it never reaches. */
async function unreached({ module }, debug) {
  for (const { body } of module.functions)
    for (const { offset } of disassembleFunction(module, indexOf(module, body)))
      debug.breakpoints.add(`0x${offset.toString(16)}`);
  for (let stop; (stop = await debug.continue()).kind === "breakpoint";)
    debug.breakpoints.delete(stop.breakpoint.id);
  const left = debug.breakpoints.all;
  if (left.length === 0) throw new Error("every instruction of it is executed");
  return `0x${left[0].offset.toString(16)}`;
}
const indexOf = (module, body) =>
  module.imported.func + module.functions.findIndex((func) => func.body === body);

const same = (a, b) => Buffer.compare(a, b) === 0;
/** Everything is recorded. */
const recorder = (machine) => ({
  made(instance) {
    this.recorder = new Recorder(machine, { instances: [instance], same });
  },
});

export const ATTACHED = {
  nothing: () => ({}),
  recorder,
  breakpoint,
  trace: listening((module) => {
    const tracer = new Tracer(count);
    return { event: tracer.event, observer: tracer.observerFor(module) };
  }),
  calls: observing({ enter: count, leave: count }),
  checker: listening((module) => new Checker(module)),
  instructions: observing({ instruction: count }),
};
