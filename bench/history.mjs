// What history costs: `node bench/history.mjs`, after `npm run build`. Programs run in the mixed
// tier, recorded and not; then somebody goes to the end, and steps back there and elsewhere. Times
// are of the processor, medians.

import { open } from "./engines/open.mjs";
import { finish, Replica, stepBack, tierOf, Timeline, writeRecording } from "../dist/index.js";

const LONG = 100e6;
const ROUNDS = 9;
const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];
const ms = (time) => `${time < 10 ? time.toFixed(1) : Math.round(time)} ms`;

async function timed(action) {
  const from = process.cpuUsage();
  await action();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1000;
}

const opened = (job, attached) => open({ engine: "bobbin", tier: "mixed", attached, job });

/** The time of a recorded run beside that of one that is not, round by round; and the recording. */
async function record(job) {
  const plain = await opened(job, "nothing");
  const watched = await opened(job, "recorder");
  const piece = ({ run, executed }) => {
    const end = executed() + LONG / 10;
    while (executed() < end) run(1);
  };
  const ratios = [];
  for (let round = 0; round < ROUNDS; round++) {
    const alone = await timed(() => piece(plain));
    const recorded = await timed(() => piece(watched));
    // Before, code is still being compiled.
    if (round >= ROUNDS / 3) ratios.push(recorded / alone);
  }
  while (watched.executed() < LONG) watched.run(1);
  const { recorder } = watched.attachment;
  recorder.stop();
  return { recorder, ratio: median(ratios) };
}

async function step(timeline) {
  const to = await finish(stepBack(timeline, timeline.position, timeline.replica.call));
  if (to === null) throw new Error("nothing lies before");
  await finish(timeline.goTo(to));
}

for (const job of process.argv.length > 2
  ? process.argv.slice(2)
  : ["fib", "mix", "bytes", "quickjs", "sqlite"]) {
  const { recorder, ratio } = await record(job);
  const { end, entries } = recorder;
  const file = await writeRecording(recorder);
  const start = await recorder.start;
  const codec = { encode: () => null, decode: () => null };
  const replica = await Replica.load(start, recorder, {
    codec,
    machine: { tier: tierOf("mixed") },
  });
  const timeline = new Timeline(replica);
  const first = await timed(() => finish(timeline.goTo(end)));
  const back = [];
  const jumps = [];
  for (let i = 0; i < 10; i++) back.push(await timed(() => step(timeline)));
  for (let i = 1; i < 10; i++) {
    const executed = Math.floor((end.executed * i) / 10);
    const count = entries.filter((entry) => entry.executed <= executed).length;
    const to = { entries: count, executed, drops: Infinity };
    jumps.push(await timed(() => finish(timeline.goTo(to))));
    await step(timeline);
    back.push(await timed(() => step(timeline)));
  }
  const millions = end.executed / 1e6;
  console.log(`${job}: ${millions.toFixed(0)} million instructions, ${entries.length} entries from outside
  recording      ${ratio.toFixed(2)} times the time of running
  file           ${(file.length / millions).toFixed(0)} bytes per million instructions
  to the end     ${ms(first)} the first time
  elsewhere      ${ms(median(jumps))}
  a step back    ${ms(median(back))}, at most ${ms(Math.max(...back))}
  checkpoints    ${timeline.points.count}, ${Math.round(timeline.points.bytes / 2 ** 20)} MiB`);
}
