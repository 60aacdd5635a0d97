// Requests that let the program run, forwards and backwards. A step goes by instructions, or
// by the lines that are shown.

import type { DebugProtocol as P } from "@vscode/debugprotocol";
import { lineBack } from "../../debug/line-steps.js";
import { framesOf } from "../../history/queries.js";
import { UsageError } from "../../util/errors.js";
import type { Handlers } from "./protocol.js";
import { frameOf } from "./threads.js";

/** Statements are lines: of several on one nothing is known. */
const byLine = (granularity: P.SteppingGranularity = "statement") => granularity !== "instruction";

export const steppingHandlers: Handlers = {
  continue(debuggee) {
    debuggee.run.forward((session) => session.continue());
    return { allThreadsContinued: true };
  },
  next: ({ run }, { granularity }) =>
    run.forward((session) => (byLine(granularity) ? session.stepLine(true) : session.next())),
  stepIn: ({ run }, { granularity }) =>
    run.forward((session) => (byLine(granularity) ? session.stepLine(false) : session.step())),
  stepOut: ({ run }) => run.forward((session) => session.finish()),
  // A line is gone back over with its calls; an instruction is whatever was executed last.
  stepBack: ({ run }, { granularity }) =>
    run.back((session, cancelled) =>
      byLine(granularity) ? lineBack(session, cancelled) : session.stepBack(),
    ),
  reverseContinue: ({ run }) => run.back((session) => session.continueBack()),
  restartFrame(debuggee, { frameId }) {
    const { frame } = frameOf(debuggee, frameId);
    const { level } = frame;
    if (level === null)
      throw new UsageError("only frames of the fiber that is on can be gone back to");
    debuggee.run.back(async (session) => {
      const depth = framesOf(session.fiber) - level;
      const stop = await session.finishBack(level);
      // The call is executed again: the frame stands at its beginning.
      return stop.kind === "stepped" && framesOf(session.fiber) < depth ? session.step() : stop;
    });
  },
  pause: ({ run }) => run.pause(),
};
