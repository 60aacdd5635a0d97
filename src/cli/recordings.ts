// Recordings of runs as files: how commands make them.

import { type Command, Option } from "commander";
import { writeRecording } from "../history/file.js";
import { Recorder } from "../history/recorder.js";
import type { Context } from "./context.js";
import { operand } from "./options.js";
import { writeBytes } from "./output-file.js";
import type { Session } from "./session.js";

export const recordOption = (command: Command): Command =>
  command.addOption(
    new Option("--record <out>", "record the run: bobbin debug --recording OUT").argParser(operand),
  );

/** Records all that a session's machine does from now on. */
export const recorderOf = ({ machine, instances, asyncify, native }: Session): Recorder =>
  new Recorder(machine, {
    instances,
    asyncify,
    fibers: native,
    same: (a, b) => Buffer.compare(a, b) === 0,
  });

/** Does something with a session, and writes what was recorded of it, however that ends. */
export async function recording<T>(
  session: Session,
  file: string | undefined,
  context: Context,
  action: () => Promise<T>,
): Promise<T> {
  if (file === undefined) return action();
  const recorder = recorderOf(session);
  try {
    return await action();
  } finally {
    await write(file, recorder, context);
  }
}

async function write(file: string, recorder: Recorder, { note }: Context): Promise<void> {
  recorder.stop();
  const { problem, entries, end } = recorder;
  const bytes = await writeRecording(recorder);
  await writeBytes(file, bytes);
  const what = `${end.executed} instructions, ${entries.length} entries from outside`;
  note(`${file}: ${bytes.length} bytes, ${what}`);
  if (problem !== null) note(`${file}: ends early, ${problem}`);
}
