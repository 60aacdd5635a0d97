// Commands that say where to stop.

import { UsageError } from "../util/errors.js";
import { nearNames } from "../util/near-names.js";
import { type DebugCommand, functionNames, number } from "./command.js";
import type { DebugConsole } from "./console.js";
import { stopPointLine, whatText } from "./render-stops.js";
import { EVENTS, type EventName, type StopOptions, type StopSpec } from "./stops.js";
import { watchTarget } from "./watch.js";

const OPTIONS = [
  "Options, in any order, `if` last:",
  "  fiber N     only in that one of the program's fibers",
  "  ignore N    pass by N times first",
  "  if EXPR     only where the expression is true: see help print",
];

/** What stands before the options, and these. */
function withOptions(args: readonly string[]): { before: string[]; options: StopOptions } {
  const options: { -readonly [K in keyof StopOptions]: StopOptions[K] } = {};
  const before: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "if") {
      options.condition = args.slice(i + 1).join(" ");
      break;
    }
    if (arg === "fiber") options.fiber = number(args[++i], "fiber number");
    else if (arg === "ignore") options.ignore = number(args[++i], "count");
    else before.push(arg);
  }
  return { before, options };
}

function add(console: DebugConsole, spec: StopSpec, options: StopOptions): void {
  const { stops, instance } = console.session;
  const stop = stops.add(spec, options);
  const what = whatText(stop, instance);
  console.write(
    stop.kind === "code"
      ? `breakpoint ${stop.id} at ${what}`
      : stop.kind === "watch"
        ? `watchpoint ${stop.id}: ${what.replace(/^watch /, "")}`
        : `stop ${stop.id} ${what}`,
  );
}

function breakCommand(name: string, alias: string, temporary: boolean): DebugCommand {
  return {
    name,
    aliases: [alias],
    usage: `${name} PLACE [OPTIONS]`,
    help: temporary ? "stop before an instruction, once" : "stop before an instruction",
    details: [
      "PLACE is FUNC, FUNC+0xN, a byte offset 0xOFFSET, a line of the source FILE:LINE, or a line",
      "wat:LINE of the text that bobbin inspect --wat prints.",
      ...OPTIONS,
    ],
    complete: functionNames,
    run(console, args) {
      const { before, options } = withOptions(args);
      const [place] = before;
      if (place === undefined) throw new UsageError("break where? a function or 0xOFFSET");
      add(console, { kind: "code", place }, temporary ? { ...options, temporary } : options);
    },
  };
}

function eventOf(text: string | undefined): EventName {
  const names = Object.keys(EVENTS) as EventName[];
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  const near = text === undefined ? [] : nearNames(text, names);
  const hint =
    near.length > 0 ? `did you mean ${near.join(" or ")}?` : `one of ${names.join(", ")}`;
  throw new UsageError(`stop on ${text ?? "what"}? ${hint}`);
}

const setEnabled = (name: string, enabled: boolean): DebugCommand => ({
  name,
  aliases: [],
  usage: `${name} ID`,
  help: `${enabled ? "stop again" : "do not stop for now"} at a breakpoint, watchpoint or event`,
  run({ session }, [id]) {
    session.stops.set(number(id, "breakpoint number"), { enabled });
  },
});

export const stopCommands: readonly DebugCommand[] = [
  breakCommand("break", "b", false),
  breakCommand("tbreak", "tb", true),
  {
    name: "watch",
    aliases: ["w"],
    usage: "watch TARGET [OPTIONS]",
    help: "stop after something was written to",
    details: [
      "TARGET is a local of the selected frame ($x, local0), a global ($count, global0), a typed",
      "piece of memory (i32[0x100], i32[$p + 4]), bytes of memory (0x100 16), elements of a table",
      "(table0[3]). Writes of the host and of asyncify count too. Addresses are computed now.",
      ...OPTIONS,
    ],
    run(console, args) {
      const { before, options } = withOptions(args);
      if (before.length === 0) throw new UsageError("watch what? a local, a global, i32[ADDRESS]");
      const scope = console.session.scope(console.selected);
      add(console, { kind: "watch", target: watchTarget(before.join(" "), scope) }, options);
    },
  },
  {
    name: "stop",
    aliases: [],
    usage: "stop EVENT [FUNC] [OPTIONS]",
    help: "stop when something happens: stop push, stop host-call log_i32",
    details: [
      ...Object.entries(EVENTS).map(([name, what]) => `  ${name.padEnd(12)} ${what}`),
      "At a trap the program always stops.",
      ...OPTIONS,
    ],
    complete: (console) => [...Object.keys(EVENTS), ...functionNames(console)],
    run(console, args) {
      const { before, options } = withOptions(args);
      // `stop on push` reads well.
      const [event, of] = before[0] === "on" ? before.slice(1) : before;
      add(console, { kind: "event", event: eventOf(event), ...(of !== undefined && { of }) }, options); // prettier-ignore
    },
  },
  {
    name: "delete",
    aliases: ["d"],
    usage: "delete [ID]",
    help: "delete a breakpoint, watchpoint or event, or all",
    run({ session }, [id]) {
      if (id === undefined) session.stops.deleteAll();
      else session.stops.delete(number(id, "breakpoint number"));
    },
  },
  setEnabled("enable", true),
  setEnabled("disable", false),
  {
    name: "condition",
    aliases: [],
    usage: "condition ID [EXPR]",
    help: "stop there only where the expression is true; without one, always",
    run({ session }, [id, ...words]) {
      const condition = words.length === 0 ? null : words.join(" ");
      session.stops.set(number(id, "breakpoint number"), { condition });
    },
  },
  {
    name: "ignore",
    aliases: [],
    usage: "ignore ID COUNT",
    help: "pass by so many times first",
    run({ session }, [id, count]) {
      session.stops.set(number(id, "breakpoint number"), { ignore: number(count, "count") });
    },
  },
  {
    name: "breakpoints",
    aliases: ["bl"],
    usage: "breakpoints",
    help: "list breakpoints, watchpoints and events",
    run(console) {
      const { stops, instance } = console.session;
      if (stops.all.length === 0) console.write("no breakpoints");
      console.write(...stops.all.map((stop) => stopPointLine(stop, instance)));
    },
  },
];
