// The program of fixtures/emscripten on Emscripten's fibers. node fibers.mjs [ASYNCIFY_STACK [TASKS]]

import { open } from "../programs/emscripten.mjs";

// Its own name is in its memory: the same on every machine.
const program = await open("fibers", console.log, { thisProgram: "fibers" });
program.callMain(process.argv.slice(2));
