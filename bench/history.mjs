// What history costs, beside what recording does (`npm run bench -- observers`): `node
// bench/history.mjs`, after `npm run build`. Programs run recorded in the mixed tier; then somebody
// goes to the end, and steps back there and elsewhere. Times are wall time, medians.

import { open } from "./engines/open.mjs";
import { finish, Replica, stepBack, tierOf, Timeline, writeRecording } from "../dist/index.js";

const LONG = 100e6;
const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];
const ms = (time) => `${time < 10 ? time.toFixed(1) : Math.round(time)} ms`;

async function timed(action) {
  const from = performance.now();
  const value = await action();
  return { value, took: performance.now() - from };
}

/** Records a job until it has executed so many instructions. */
async function record(job) {
  const opened = await open({ engine: "bobbin", tier: "mixed", attached: "recorder", job });
  const { recorder } = opened.attachment;
  const { took } = await timed(() => {
    while (opened.executed() < LONG) opened.run(1);
  });
  recorder.stop();
  return { recorder, took };
}

async function step(timeline, from) {
  const to = await finish(stepBack(timeline, from, timeline.replica.call));
  if (to === null) throw new Error("nothing lies before");
  await finish(timeline.goTo(to));
}

for (const job of ["mix", "bytes", "quickjs", "sqlite"]) {
  const { recorder, took } = await record(job);
  const { end, entries } = recorder;
  const file = await writeRecording(recorder);
  const start = await recorder.start;
  const values = { encode: () => null, decode: () => null };
  const log = { entries, hosts: recorder.hosts, end };
  const replica = await Replica.load(start, log, { codec: values, machine: { tier: tierOf("mixed") } }); // prettier-ignore
  const timeline = new Timeline(replica);
  const first = await timed(() => finish(timeline.goTo(end)));
  const back = [];
  const jumps = [];
  for (let i = 0; i < 10; i++) {
    const from = timeline.position;
    back.push((await timed(() => step(timeline, from))).took);
  }
  for (let i = 1; i < 10; i++) {
    const executed = Math.floor((end.executed * i) / 10);
    const count = entries.filter((entry) => entry.executed <= executed).length;
    const to = { entries: count, executed, drops: Infinity };
    jumps.push((await timed(() => finish(timeline.goTo(to)))).took);
    await step(timeline, timeline.position);
    const from = timeline.position;
    back.push((await timed(() => step(timeline, from))).took);
  }
  const millions = end.executed / 1e6;
  console.log(
    [
      `${job}: ${millions.toFixed(0)} million instructions, recorded in ${ms(took)}`,
      `  entries            ${entries.length}, ${(file.length / millions).toFixed(0)} bytes of file per million instructions`,
      `  to the end         ${ms(first.took)} the first time`,
      `  elsewhere          ${ms(median(jumps))}`,
      `  a step back        ${ms(median(back))}, at most ${ms(Math.max(...back))}`,
      `  checkpoints        ${timeline.points.count}, ${Math.round(timeline.points.bytes / 2 ** 20)} MiB`,
    ].join("\n"),
  );
}
