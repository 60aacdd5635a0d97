// Stops at traps, at exceptions and at what else happens in a program, as the filters that
// clients offer; and what there is to say about an exception.

import type { DebugProtocol as P } from "@vscode/debugprotocol";
import type { End } from "../../debug/session.js";
import { EVENTS, type EventName } from "../../debug/stops.js";
import { UsageError } from "../../util/errors.js";
import { stackLines } from "../failure.js";
import type { Wanted } from "./breakpoint-table.js";
import type { Debuggee } from "./debuggee.js";
import type { Handlers } from "./protocol.js";

/** How a program can end in an error. */
const ENDS = { trapped: "trap", threw: "uncaught" } as const;

const eventFilter = (event: EventName): P.ExceptionBreakpointsFilter => ({
  filter: event,
  label: LABELS[event],
  description: `Stop when ${EVENTS[event].replace(" (in FUNC)", "").replace(" (FUNC)", "")}`,
  default: false,
  supportsCondition: true,
  conditionDescription: "An expression that must be true, such as fiber == 2",
});

const LABELS: Readonly<Record<EventName, string>> = {
  throw: "Exceptions thrown",
  catch: "Exceptions caught",
  switch: "Fiber switches",
  unwind: "Unwinds starting",
  push: "Records pushed",
  unwound: "Unwinds ending",
  rewind: "Rewinds starting",
  pop: "Records popped",
  rewound: "Rewinds ending",
  "host-call": "Calls of the host",
  "host-return": "Returns of the host",
};

export const FILTERS: P.ExceptionBreakpointsFilter[] = [
  {
    filter: ENDS.trapped,
    label: "Traps",
    description: "Stop where the program traps, or comes to a limit",
    default: true,
  },
  {
    filter: ENDS.threw,
    label: "Uncaught exceptions",
    description: "Stop where an exception of the program or of the host ends it",
    default: true,
  },
  ...(Object.keys(LABELS) as EventName[]).map(eventFilter),
];

/** Whether the client wants to see how the program ended. */
export const stopsAtEnd = (filters: ReadonlySet<string>, { kind }: End): boolean =>
  kind !== "returned" && filters.has(ENDS[kind]);

/** The filters that are on unless a client says otherwise. */
export const defaultFilters = (): Set<string> =>
  new Set(FILTERS.filter((filter) => filter.default).map(({ filter }) => filter));

export const exceptionHandlers: Handlers = {
  setExceptionBreakpoints(debuggee, { filters, filterOptions = [] }) {
    const all = [
      ...filters.map((filterId): P.ExceptionFilterOptions => ({ filterId })),
      ...filterOptions,
    ];
    if (debuggee.debugged) debuggee.run.filters = new Set(all.map(({ filterId }) => filterId));
    return { breakpoints: debuggee.setBreakpoints("exception", all.map(wantedOf)) };
  },

  exceptionInfo(debuggee) {
    debuggee.requireStopped();
    const { last } = debuggee.run;
    if (last?.kind === "trapped" || last?.kind === "threw") return endInfo(debuggee, last);
    if (last?.kind === "event" && last.stop.event === "throw")
      return { exceptionId: "exception", breakMode: "always" };
    throw new UsageError("the program has not stopped at an exception");
  },
};

function wantedOf({ filterId, condition }: P.ExceptionFilterOptions): Wanted {
  return {
    specs() {
      if (Object.values(ENDS).some((end) => end === filterId)) return [];
      if (Object.hasOwn(EVENTS, filterId)) return [{ kind: "event", event: filterId as EventName }];
      throw new UsageError(`there is no filter ${filterId}`);
    },
    options: { condition },
  };
}

function endInfo(
  debuggee: Debuggee,
  end: End & { kind: "trapped" | "threw" },
): P.ExceptionInfoResponse["body"] {
  const failure = debuggee.fail(end);
  return {
    exceptionId: failure.reason,
    description: failure.message,
    breakMode: end.kind === "trapped" ? "always" : "unhandled",
    details: {
      message: failure.message,
      typeName: failure.kind,
      stackTrace: stackLines(failure).join("\n"),
    },
  };
}
