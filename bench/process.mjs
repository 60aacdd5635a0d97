// Processes that measure, and that end with this one.

import { fork, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Why there is no number: the engine is missing, refuses the job, or failed at it. */
export class NoNumber extends Error {
  constructor(outcome, reason) {
    super(reason);
    this.outcome = outcome;
  }
}

const children = new Set();
const keep = (child) => {
  children.add(child);
  child.on("exit", () => children.delete(child));
  return child;
};
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
])
  process.on(signal, () => process.exit(code));
/** Whoever reads our output may have seen enough. */
process.stdout.on("error", ({ code }) => process.exit(code === "EPIPE" ? 0 : 1));

/**
 * While others have their turn V8 would use the time to collect, and with what is collected
 * go optimised functions that knew it: the next round would measure compilers.
 */
const AWAKE = ["--no-memory-reducer"];

const WORKER = fileURLToPath(new URL("worker.mjs", import.meta.url));

/** The next message of a worker. */
function answer(child) {
  return new Promise((resolve, reject) => {
    let output = "";
    const read = (text) => (output += text);
    const settle = (act) => {
      child.off("message", onMessage).off("exit", onExit).off("error", onError);
      child.stderr.off("data", read);
      act();
    };
    const onError = (error) => settle(() => reject(new NoNumber("missing", error.message)));
    const onExit = (code, signal) => {
      const last =
        output
          .trim()
          .split("\n")
          .findLast((line) => line !== "") ?? "";
      settle(() => reject(new NoNumber("failed", `process ended: ${signal ?? code} ${last}`)));
    };
    const onMessage = (message) =>
      settle(() => {
        if (message.error === undefined) resolve(message);
        else reject(new NoNumber("failed", message.error));
      });
    child.stderr.on("data", read);
    child.on("message", onMessage).on("exit", onExit).on("error", onError);
  });
}

/**
 * A worker for `module`'s `open(options)`, warm and ready to measure rounds.
 * @throws NoNumber
 */
export async function startWorker(module, options, { execPath, execArgv = [] } = {}) {
  const child = keep(
    fork(WORKER, [module, JSON.stringify(options)], {
      execPath: execPath ?? process.execPath,
      execArgv: [...AWAKE, ...execArgv],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    }),
  );
  const stop = () => child.kill("SIGKILL");
  try {
    const { first, instructions } = await answer(child);
    const round = async () => {
      const next = answer(child);
      child.send("round");
      return (await next).ms;
    };
    return { first, instructions, round, stop };
  } catch (error) {
    stop();
    throw error;
  }
}

/** What a module's function gives in a process of its own: for what can be measured once. */
export async function inProcess(module, name, argument, { execPath, execArgv = [] } = {}) {
  const code = `import(${JSON.stringify(module)}).then((m) => m[${JSON.stringify(name)}](${JSON.stringify(argument)})).then((value) => process.send(value), (error) => process.send({ error: String(error) }, () => process.exit(1)))`;
  const child = keep(
    spawn(execPath ?? process.execPath, [...execArgv, "--eval", code], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    }),
  );
  try {
    return await answer(child);
  } finally {
    child.kill("SIGKILL");
  }
}

/** Runs a program to its end; its output, and its processor time in milliseconds. */
export function runProgram(program, args) {
  return new Promise((resolve, reject) => {
    // `time` of bash is the only one that every system has and that tells milliseconds.
    const script = 'TIMEFORMAT="%3U %3S"; time "$0" "$@"';
    const child = keep(
      spawn("bash", ["-c", script, program, ...args], { stdio: ["ignore", "pipe", "pipe"] }),
    );
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (text) => (stdout += text));
    child.stderr.on("data", (text) => (stderr += text));
    child.on("error", (error) => reject(new NoNumber("missing", error.message)));
    child.on("close", (code) => {
      const [user, system] = (stderr.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
      if (code === 0) resolve({ output: stdout + stderr, ms: (user + system) * 1000 });
      else reject(new NoNumber("refused", (stdout + stderr).trim().split("\n")[0]));
    });
  });
}
