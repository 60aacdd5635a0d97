// What a line may go on with: commands, and what the command says its arguments may be.

import { commands } from "./commands.js";
import type { DebugConsole } from "./console.js";
import { localsOf } from "./views.js";

/** @returns what may stand in place of the last word of `line`, and that word */
export function complete(console: DebugConsole, line: string): [string[], string] {
  const words = line.trimStart().split(/\s+/);
  const last = words.at(-1) ?? "";
  return [candidates(console, words, last).filter((word) => word.startsWith(last)), last];
}

function candidates(console: DebugConsole, words: readonly string[], last: string): string[] {
  if (words.length <= 1) return commands.map(({ name }) => name);
  if (last.startsWith("$")) return variables(console);
  const command = commands.find(({ name, aliases }) => name === words[0] || aliases.includes(words[0]!)); // prettier-ignore
  return [...(command?.complete?.(console, last) ?? [])];
}

/** Names of locals of the selected frame, and of globals, as expressions have them. */
function variables({ session, selected }: DebugConsole): string[] {
  const { fiber, level, instance } = session.scope(selected);
  const locals = fiber !== null && fiber.depth > level ? localsOf(fiber, level) : [];
  const named = locals.flatMap(({ name }) => (name === undefined ? [] : [name]));
  const quote = (name: string) => (/^[\w.$@:#']+$/.test(name) ? `$${name}` : `$"${name}"`);
  return [...new Set([...named, ...instance.module.names.globals.values()])].map(quote);
}
