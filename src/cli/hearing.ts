// Who hears what a program says: the log of its host script, and what it writes itself.

import type { HostLog } from "../compare/host.js";
import type { Context } from "./context.js";

export interface Hearing extends Pick<HostLog, "output"> {
  readonly log: (line: string) => void;
}

export const NOBODY: Hearing = { log: () => undefined };

/** @param beside all of it on stderr, where stdout is for other programs to read */
export const hearingOf = ({ io, out, note }: Context, beside: boolean): Hearing => ({
  log: beside ? note : out,
  output: (stream, bytes) => io.surroundings.write(beside ? "stderr" : stream, bytes),
});

/** As host scripts are given it. */
export const hostLogOf = ({ log, ...output }: Hearing): HostLog => ({
  ...output,
  log: (...values) => log(values.map(String).join(" ")),
});
