// Expressions: of watches and hovers, and in the console of the client the debugger's own
// commands as well, whatever they do with the program.

import type { DebugProtocol as P } from "@vscode/debugprotocol";
import { commands } from "../../debug/commands.js";
import { DebugConsole } from "../../debug/console.js";
import { datumText, evaluate, type Scope } from "../../debug/evaluate.js";
import { parseExpression } from "../../debug/expression.js";
import type { Stop } from "../../debug/session.js";
import { UsageError } from "../../util/errors.js";
import type { Debuggee, FrameHandle } from "./debuggee.js";
import type { Handlers } from "./protocol.js";
import { frameOf } from "./threads.js";
import type { Format } from "./values.js";

type Evaluated = P.EvaluateResponse["body"];

/** What expressions mean in a frame; without one, where the program stands. @throws UsageError */
export function scopeOf(debuggee: Debuggee, frameId: number | undefined): Scope {
  debuggee.requireStopped();
  if (frameId === undefined) return debuggee.debug.scope();
  return frameScope(debuggee, frameOf(debuggee, frameId));
}

export function frameScope({ debug }: Debuggee, { frame, stack }: FrameHandle): Scope {
  const { func, view } = frame;
  if (view === null) throw new UsageError(`the values of ${func.name} are not known there`);
  return { ...debug.scope(), ...view, logical: stack.id };
}

export const evaluateHandlers: Handlers = {
  evaluate(debuggee, { expression, frameId, context, format }) {
    const isCommand = context === "repl" && commandNamed(firstWord(expression)) !== undefined;
    if (isCommand) return perform(debuggee, expression, frameId);
    return valueOf(debuggee, expression, frameId, format);
  },

  completions(debuggee, { text, column, frameId }) {
    debuggee.requireStopped();
    const before = text.slice(0, debuggee.client.fromClientColumn(column) - 1);
    const [word] = /\S*$/.exec(before)!;
    const offered =
      word === before.trimStart()
        ? [...commands.map(({ name }) => name), ...namesIn(debuggee, frameId)]
        : [
            ...(commandNamed(firstWord(before))?.complete?.(consoleOf(debuggee), word) ?? []),
            ...namesIn(debuggee, frameId),
          ];
    const targets = [...new Set(offered)].filter((name) => name.startsWith(word));
    return {
      targets: targets.map((label) => ({
        label,
        start: debuggee.client.toClientColumn(before.length - word.length + 1),
        length: word.length,
      })),
    };
  },
};

const firstWord = (line: string): string => line.trim().split(/\s+/)[0]!;
const commandNamed = (name: string) =>
  commands.find((command) => command.name === name || command.aliases.includes(name));

function valueOf(
  debuggee: Debuggee,
  expression: string,
  frameId: number | undefined,
  format: Format,
): Evaluated {
  const datum = evaluate(parseExpression(expression), scopeOf(debuggee, frameId));
  const isHex = format?.hex === true && typeof datum === "bigint" && datum >= 0n;
  const result = isHex ? `0x${datum.toString(16)}` : datumText(datum);
  return { result, variablesReference: 0 };
}

/** Names that mean something in a frame. */
function namesIn(debuggee: Debuggee, frameId: number | undefined): string[] {
  if (frameId === undefined) return [];
  const { frame } = frameOf(debuggee, frameId);
  const { globals } = (frame.func.instance ?? debuggee.instance).module.names;
  const locals = (frame.locals ?? []).map(({ name, index }) =>
    name === undefined ? `local${index}` : `$${name}`,
  );
  return [...locals, ...[...globals.values()].map((name) => `$${name}`)];
}

/** A line of the debugger's command language. What it starts goes on when it is answered. */
async function perform(
  debuggee: Debuggee,
  line: string,
  frameId: number | undefined,
): Promise<Evaluated> {
  debuggee.requireStopped();
  const lines: string[] = [];
  const console = consoleOf(debuggee, (text) => lines.push(text));
  // Commands know the frames of the fiber that is on.
  console.selected = (frameId !== undefined && frameOf(debuggee, frameId).frame.level) || 0;
  await console.execute(line);
  // It may have changed what the client shows.
  if (!debuggee.run.running) debuggee.edited();
  if (console.quit) throw new UsageError("the session is ended by the client, not from here");
  return { result: lines.join("\n"), variablesReference: 0 };
}

/** A console whose commands run the program as requests do: the client hears of it. */
function consoleOf(
  debuggee: Debuggee,
  write: (line: string) => void = () => undefined,
): DebugConsole {
  return new (class extends DebugConsole {
    override stopped(running: Promise<Stop>): Promise<void> {
      debuggee.run.adopt(running);
      return Promise.resolve();
    }
  })(debuggee.debug, { write, describe: (end) => debuggee.fail(end).message });
}
