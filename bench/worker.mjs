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

/** All turns of the last half of the time took about the same: no compiler has more to do. */
function settled(turns) {
  const half = turns.reduce((sum, { took }) => sum + took, 0) / 2;
  const last = [];
  for (let sum = 0, i = turns.length; i > 0 && sum < half; sum += turns[i].took)
    last.push(turns[--i].each);
  return last.length >= TURNS && Math.max(...last) < 1.25 * Math.min(...last);
}
const TURNS = 4;
/** Some never settle: so many times `warm` is enough. */
const LONGEST = 3;

try {
  const { open } = await import(module);
  const { warm, round, ...rest } = JSON.parse(options);
  const { run, executed = () => 0 } = await open(rest);
  const first = await run(1);
  let times = 1;
  let spent = 0;
  const turns = [];
  while (!(spent >= warm && settled(turns)) && spent < LONGEST * warm) {
    const took = await time(() => run(times));
    spent += took;
    turns.push({ took, each: took / times });
    if (took < warm / 20) times *= 2;
  }
  const before = executed();
  await run(1);
  const instructions = executed() - before;
  times = Math.max(1, Math.round(round / turns.at(-1).each));
  process.on("message", async () => {
    try {
      process.send({ ms: (await time(() => run(times))) / times });
    } catch (error) {
      process.send({ error: String(error) });
    }
  });
  process.send({ first, instructions });
} catch (error) {
  process.send({ error: String(error) }, () => process.exit());
}
