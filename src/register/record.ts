// BOBBIN_RECORD: all that the thread's machine does, in a file that is written when the thread
// ends, however it does; also by Ctrl-C. At once, since nothing is waited for then.

import { closeSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { ExitCode } from "../cli/failure.js";
import { type Interruptible, interruptible } from "../cli/interruptible.js";
import { AT_ONCE, RECORD_OPTIONS, recordedLines } from "../cli/recording-file.js";
import type { Tier } from "../exec/hooks.js";
import { writeRecordingAtOnce } from "../history/file.js";
import { Recorder } from "../history/recorder.js";
import type { Attachment } from "../observe/attachments.js";
import { UsageError } from "../util/errors.js";
import { fileName, type Output, threadFile } from "./output.js";

export interface Recording {
  readonly attachment: Attachment;
  /** What is to execute on the machine. */
  readonly tier: (tier: Tier | null) => Tier | null;
}

/** @throws UsageError where the file cannot be written */
export function recordTo(pattern: string, output: Output): Recording {
  const file = threadFile(fileName(pattern));
  try {
    closeSync(openSync(file, "w"));
  } catch (error) {
    throw new UsageError(`BOBBIN_RECORD: cannot write ${file}: ${(error as Error).message}`);
  }
  const saver = new Saver(file, output);
  // A process whose own handler of what nobody caught throws again has no other end.
  process.on("uncaughtExceptionMonitor", () => saver.save());
  process.on("exit", () => saver.end());
  return {
    attachment: {
      machine(machine) {
        saver.recorder = new Recorder(machine, RECORD_OPTIONS);
      },
    },
    tier: isMainThread ? ctrlC(saver).tier : (tier) => tier,
  };
}

/** Signals are the main thread's. */
const ctrlC = (saver: Saver): Interruptible => {
  const taken = interruptible((running) => {
    saver.end(running);
    taken.end();
    // Nobody takes the signal now: the program ends as it would have.
    process.kill(process.pid, "SIGINT");
    process.exit(ExitCode.interrupted);
  });
  return taken;
};

class Saver {
  recorder: Recorder | null = null;
  /** How far it was recorded when it was written. */
  private written: string | null = null;

  constructor(
    private readonly file: string,
    private readonly output: Output,
  ) {}

  /** @param running whether the machine was broken off */
  end(running = false): void {
    if (running) this.recorder?.cut();
    else this.recorder?.stop();
    this.save();
    if (this.written !== null) return;
    unlinkSync(this.file);
    if (isMainThread) this.output.line("bobbin: no instance was made, nothing was recorded");
  }

  /** Writes what there is, unless that is in the file. */
  save(): void {
    const { recorder, file, output } = this;
    if (recorder === null || recorder.entries.length === 0) return;
    const { entries, executed } = recorder.end;
    const until = `${entries}:${executed}`;
    if (this.written === until) return;
    this.written = until;
    try {
      const bytes = writeRecordingAtOnce(recorder, AT_ONCE);
      writeFileSync(file, bytes);
      for (const line of recordedLines(file, recorder, bytes.length))
        output.line(`bobbin: ${line}`);
      output.line(`bobbin: bobbin debug --recording ${file}`);
    } catch (error) {
      output.line(`bobbin: BOBBIN_RECORD: cannot write ${file}: ${(error as Error).message}`);
    }
  }
}
