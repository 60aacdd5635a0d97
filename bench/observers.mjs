// npm run bench -- observers: what it costs to be watched, as the time of a job beside that
// with nothing attached.

import { jobNamed } from "./jobs.mjs";
import { measureAll } from "./measure.mjs";
import { NoNumber, startWorker } from "./process.mjs";
import { chosen, numberOf, report, setting, tell } from "./report.mjs";
import { tableOf } from "./table.mjs";

const OPEN = new URL("engines/open.mjs", import.meta.url).href;
/** See engines/attached.mjs. */
const ATTACHED = ["nothing", "recorder", "breakpoint", "trace", "calls", "checker", "instructions"];
const JOBS = ["fib", "bytes", "mix", "quickjs", "sqlite"].map(jobNamed);

export async function observers(options) {
  const processes = numberOf(options, "processes", 2);
  const rounds = numberOf(options, "rounds", 5);
  const warm = numberOf(options, "warm", 1500);
  const round = numberOf(options, "round", 100);
  const tier = options.tier ?? "interpreter";
  const engines = ATTACHED.map((attached) => ({
    name: attached,
    start: async (job) => {
      if (attached === "breakpoint" && job.program !== null)
        throw new NoNumber("refused", "a debugger runs one call, a host script makes many");
      return startWorker(OPEN, { engine: "bobbin", tier, attached, job: job.name, warm, round });
    },
  }));
  const jobs = chosen(JOBS, options.only, "only");
  const rows = await measureAll({ jobs, engines, processes, rounds, tell });
  const text = `${tier}: time with something attached / time with nothing attached: median ± half the distance of the
quartiles, over ${rounds} rounds in each of ${processes} processes

${tableOf(rows, ATTACHED)}

recorder      the run is recorded
breakpoint    a debugger with a breakpoint that is never hit
trace         runtime calls of asyncify, as \`bobbin trace\`
calls         an observer that counts calls and returns
checker       as \`bobbin check\`
instructions  an observer that counts instructions`;
  report("observers", { setting: setting(), tier, processes, rounds, rows }, text, options);
  return 0;
}
