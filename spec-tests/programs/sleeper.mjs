// A program that sleeps and awaits promises of JavaScript, also deep in a recursion and in a
// callback of the C library. fixtures/emscripten/sleeper.c

import { open } from "./emscripten.mjs";

export const name = "sleeper";
export const from = "Emscripten 3.1.6, emscripten_sleep and EM_ASYNC_JS";

const later = () => new Promise((done) => setImmediate(done));

async function program(tell, settings) {
  const lookUp = async (key) => {
    for (let i = 0; i < key % 3; i++) await later();
    return key * key;
  };
  const made = await open("sleeper", tell, { lookUp, ...settings });
  return (rounds, depth) =>
    made.ccall("work", "number", ["number", "number"], [rounds, depth], { async: true });
}

export async function run(tell) {
  const work = await program(tell);
  for (const [rounds, depth] of [[3, 0], [8, 5], [1, 60]]) tell(await work(rounds, depth)); // prettier-ignore
}

const inTime = (promise) =>
  Promise.race([promise, new Promise((done) => setTimeout(done, 30_000, "never"))]);

export const broken = {
  async "stack too small"(tell) {
    const work = await program(tell);
    tell(await inTime(work(1, 500)));
  },
  async "function not in the list"(tell) {
    const work = await program(tell, { file: "sleeper.removed" });
    tell(await inTime(work(2, 3)));
  },
  async "two at once"(tell) {
    const work = await program(tell);
    const both = [work(1, 1), work(2, 2)];
    for (const result of both) tell(await inTime(result));
  },
};
