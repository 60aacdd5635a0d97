// A program on Emscripten's fibers: tasks in turn, a generator deep in a recursion, a yield past
// another generator. fixtures/emscripten/fibers.c

import { open } from "./emscripten.mjs";

export const name = "fibers";
export const from = "Emscripten 3.1.6, emscripten_fiber_swap";

async function main(tell, args, settings) {
  const program = await open("fibers", tell, settings);
  program.callMain(args);
}

export async function run(tell) {
  await main(tell, ["4096", "16"]);
}

export const broken = {
  /** JavaScript that the program called, in the middle of a fiber, starts the program again. */
  async "called while it calls"(tell) {
    let times = 0;
    const program = await open("fibers", (line) => {
      tell(line);
      if (++times === 1) program.callMain([]);
    });
    program.callMain([]);
  },
  async "stack too small"(tell) {
    await main(tell, ["120"]);
  },
  async "function not in the list"(tell) {
    await main(tell, [], { file: "fibers.removed" });
  },
};
