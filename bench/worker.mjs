// A process that measures one thing: `worker.mjs MODULE OPTIONS`, forked by process.mjs.
// MODULE's `open(OPTIONS)` gives `run(times)`, which is run once for its result, until it
// is warm, and then in rounds of about equal length. Time is this process's processor
// time: other programs on the machine do not count.

import { now } from "./clock.mjs";

const [module, options] = process.argv.slice(2);
process.on("disconnect", () => process.exit());

async function time(run) {
  const start = now();
  await run();
  return now() - start;
}

try {
  const { open } = await import(module);
  const { warm, round, ...rest } = JSON.parse(options);
  const { run, executed = () => 0 } = await open(rest);
  const first = await run(1);
  let times = 1;
  let took = 0;
  // The last turn is the measure for how long a round may be.
  for (let spent = 0; spent < warm; spent += took) {
    took = await time(() => run(times));
    if (took < warm / 4) times *= 2;
  }
  const before = executed();
  took = await time(() => run(1));
  const instructions = executed() - before;
  times = Math.max(1, Math.round((times * round) / (await time(() => run(times)))));
  process.on("message", async () => {
    try {
      process.send({ ms: (await time(() => run(times))) / times });
    } catch (error) {
      process.send({ error: String(error) });
    }
  });
  process.send({ first, instructions, times });
} catch (error) {
  process.send({ error: String(error) }, () => process.exit());
}
