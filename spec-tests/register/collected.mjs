// Makes instances and lets them go: how many are still there? With --expose-gc.
// node collected.mjs MODULE

import { readFileSync } from "node:fs";

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
const held = Array.from({ length: 20 }, () => {
  let program;
  const env = {
    log_i32: () => {},
    sleep() {
      if (program.asyncify_get_state() === 2) program.asyncify_stop_rewind();
      else program.asyncify_start_unwind(program.asyncify_buffer());
      return 0;
    },
  };
  program = new WebAssembly.Instance(module, { env }).exports;
  program.main(1);
  program.asyncify_stop_unwind();
  program.asyncify_start_rewind(65536);
  program.main(1);
  return new WeakRef(program.memory);
});
const idle = () => new Promise((done) => setTimeout(done, 20));
for (let i = 0; i < 3; i++) {
  await idle();
  globalThis.gc();
}
// The last one may still be on the stack.
console.log(held.filter((memory) => memory.deref() !== undefined).length <= 1);
