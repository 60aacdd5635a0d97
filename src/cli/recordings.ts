// Recordings of runs as files: how commands make them.

import { type Command, Option } from "commander";
import { writeRecording, writeRecordingAtOnce } from "../history/file.js";
import { Recorder } from "../history/recorder.js";
import { CrashError } from "../util/errors.js";
import type { Context } from "./context.js";
import { ExitCode } from "./failure.js";
import { type Interruptible, interruptible } from "./interruptible.js";
import { operand } from "./options.js";
import { AT_ONCE, RECORD_OPTIONS, recordedLines } from "./recording-file.js";
import { writeBytes, writeBytesAtOnce } from "./output-file.js";
import type { Session } from "./session.js";

export const recordOption = (command: Command): Command =>
  command.addOption(
    new Option("--record <out>", "record the run: bobbin debug --recording OUT").argParser(operand),
  );

/** How Node compares bytes, and makes files at once. */
/** Records all that a session's machine does from now on. */
export const recorderOf = ({ machine, instances, asyncify, native }: Session): Recorder =>
  new Recorder(machine, { instances, asyncify, fibers: native, ...RECORD_OPTIONS });

/** The recording of one run, which is written however that ends: also by Ctrl-C. */
export class RunRecording {
  private recorder: Recorder | null = null;
  private readonly ctrlC: Interruptible | null;

  /** @param file undefined for none */
  constructor(
    private readonly file: string | undefined,
    private readonly context: Context,
  ) {
    this.ctrlC = file === undefined ? null : interruptible((running) => this.interrupted(running));
  }

  /** What is to execute on the machine that is recorded. */
  get tier(): Interruptible["tier"] | undefined {
    return this.ctrlC?.tier;
  }

  /** Records all that a session's machine does from now on. */
  begin(session: Session): void {
    if (this.file !== undefined) this.recorder = recorderOf(session);
  }

  async end(): Promise<void> {
    const { file, recorder, ctrlC, context } = this;
    ctrlC?.end();
    if (file === undefined || recorder === null) return;
    recorder.stop();
    const bytes = await writeRecording(recorder);
    await writeBytes(file, bytes);
    recordedLines(file, recorder, bytes.length).forEach(context.note);
  }

  /** @param running whether the machine was broken off */
  private interrupted(running: boolean): never {
    const { recorder, context } = this;
    context.note("interrupted");
    try {
      if (recorder !== null) this.save(recorder, running);
    } catch (error) {
      context.fail(error);
    }
    context.io.leave?.(ExitCode.interrupted);
    throw new CrashError("the process has no way to end");
  }

  private save(recorder: Recorder, running: boolean): void {
    const file = this.file!;
    if (running) recorder.cut();
    else recorder.stop();
    const bytes = writeRecordingAtOnce(recorder, AT_ONCE);
    writeBytesAtOnce(file, bytes);
    recordedLines(file, recorder, bytes.length).forEach(this.context.note);
  }
}
