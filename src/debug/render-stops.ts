// Stops as lines of text: what was set, and what was come to.

import type { HostCall } from "../exec/fiber.js";
import { codeOf } from "../exec/lower.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { formatValue, formatValues } from "../runtime/notation.js";
import { hex, hexByte } from "../util/hex.js";
import { datumText } from "./evaluate.js";
import type { Happening } from "./happenings.js";
import { readTyped } from "./memory-values.js";
import { positionLine } from "./render.js";
import type { Stop } from "./session.js";
import type { Hit, Writer } from "./stop-look.js";
import type { EventStop, StopPoint } from "./stops.js";
import { positionAt } from "./views.js";
import { type Content, targetText, type WatchTarget } from "./watch.js";

/** `1  div+0x0  0x004d  local.get $a  if $a > 3` */
export const stopPointLine = (stop: StopPoint, instance: ModuleInstance): string =>
  `  ${stop.id}  ${whatText(stop, instance)}${optionsText(stop)}`;

/** Where, at what, or on what it stops. */
export function whatText(stop: StopPoint, instance: ModuleInstance): string {
  switch (stop.kind) {
    case "code":
      return positionLine(positionAt(instance.funcs[stop.func]!, stop.offset));
    case "event":
      return `on ${eventText(stop)}`;
    case "watch":
      return `watch ${targetText(stop.target, instance)}`;
  }
}

const eventText = ({ event, of }: EventStop): string => (of === undefined ? event : `${event} ${of}`); // prettier-ignore

function optionsText(stop: StopPoint): string {
  const { condition, fiber, ignore, times: when, log, temporary, enabled, hits } = stop;
  const parts = [
    fiber === null ? "" : `fiber ${fiber}`,
    condition === null ? "" : `if ${condition}`,
    ignore === 0 ? "" : `ignored ${times(ignore)}`,
    when === null ? "" : `hits ${when.op} ${when.count}`,
    log === null ? "" : `log ${log}`,
    temporary ? "once" : "",
    enabled ? "" : "disabled",
    hits === 0 ? "" : `hit ${times(hits)}`,
  ].filter(Boolean);
  return parts.map((part) => `  ${part}`).join("");
}
const times = (n: number): string => (n === 1 ? "once" : `${n} times`);

/** What happened; where the program stands now is another line. */
export function stopLines(stop: Stop, instance: ModuleInstance): string[] {
  switch (stop.kind) {
    case "stepped":
      return [];
    case "arrived":
      return [];
    case "paused":
      return ["paused"];
    case "start":
      return ["the recording starts here"];
    case "no answer":
      return [noAnswer(stop.call)];
    case "written":
      return writtenLines(stop, instance);
    case "breakpoint":
    case "event":
    case "watch":
      return hitLines(stop, instance);
    case "finished": {
      const { func, results } = stop;
      if (results === undefined) return [`${func.name} is gone without having returned`];
      return [`${func.name} returned ${formatValues(results, func.signature.results)}`.trimEnd()];
    }
    case "returned":
      return [`the program returned ${formatValues(stop.results)}`.trimEnd()];
    case "trapped":
    case "threw":
      // Errors are rendered where the rest of the command line's are.
      return [];
  }
}

const noAnswer = (call: HostCall | null): string =>
  call === null
    ? "nothing more was recorded"
    : `nobody recorded an answer to ${call.func.name}(${formatValues(call.args)})`;

/** It stands before that. */
function writtenLines(stop: Stop & { kind: "written" }, instance: ModuleInstance): string[] {
  const { target, before, after, by } = stop;
  return [
    `${targetText(target, instance)} is about to be written by ${writerText(by)}`,
    ...changeLines(target, before, after, instance),
  ];
}

function hitLines(hit: Hit, instance: ModuleInstance): string[] {
  const problem = hit.problem === undefined ? [] : [`  its condition: ${hit.problem}`];
  const { id } = hit.stop;
  switch (hit.kind) {
    case "breakpoint":
      return [`breakpoint ${id}`, ...problem];
    case "event":
      return [`stop ${id}: ${happeningText(hit.happening)}`, ...problem];
    case "watch": {
      const { target } = hit.stop;
      return [
        `watchpoint ${id}: ${targetText(target, instance)}, written by ${writerText(hit.by)}`,
        ...changeLines(target, hit.before, hit.after, instance),
        ...problem,
      ];
    }
  }
}

const fibersText = (fibers: readonly number[] = []): string =>
  fibers.map((id) => (id === 0 ? "main" : `fiber ${id}`)).join(" + ");

/** `record of f (call 0) pushed, 28 bytes at 0x3fff0` */
export function happeningText(happening: Happening): string {
  const { event, func, address = null, size, callIndex, data = null, values = [] } = happening;
  switch (event) {
    case "unwind":
      return `unwind started, data ${hex(data)}`;
    case "unwound":
      return `unwind ended, data ${hex(data)}`;
    case "rewind":
      return `rewind started, data ${hex(data)}`;
    case "rewound":
      return `rewind reached the leaf, data ${hex(data)}`;
    case "push":
    case "pop":
      return `record of ${func} (call ${callIndex}) ${event === "push" ? "pushed" : "popped"}, ${size} bytes at ${hex(address)}`;
    case "switch": {
      const fibers = fibersText(happening.fibers);
      // The machine's own are told by where it goes on.
      if (data === null) return `${happening.action}: ${fibers} goes on`;
      return `${happening.action} of ${fibers}, continuation ${hex(data)}`;
    }
    case "host-call":
      return `call of the host: ${func}(${formatValues(values)})`;
    case "host-return":
      return `${func} returned ${formatValues(values)}`.trimEnd();
    case "throw":
      return `an exception is thrown in ${func} (${formatValues(values)})`;
    case "catch":
      return `an exception was caught in ${func}`;
  }
}

function writerText(by: Writer): string {
  switch (by.kind) {
    case "instruction":
      return positionLine(by.position);
    case "host":
      return `the host in ${by.func}`;
    case "event":
      return by.happening.fibers === undefined && by.happening.event === "switch"
        ? `${by.happening.action}`
        : `asyncify: ${happeningText(by.happening)}`;
  }
}

/** Bytes shown of each of the two. */
const BYTES = 16;

function changeLines(
  target: WatchTarget,
  before: Content,
  after: Content,
  { funcs, tables, globals }: ModuleInstance,
): string[] {
  if (before instanceof Uint8Array && after instanceof Uint8Array && target.kind === "memory") {
    const first = before.findIndex((byte, i) => byte !== after[i]);
    if (first < 0) return ["  unchanged"];
    const { type, address } = target;
    if (type !== undefined) {
      const text = (bytes: Uint8Array) => datumText(readTyped(viewOf(bytes), type, 0));
      return [`  was ${text(before)}, is ${text(after)}`];
    }
    const bytes = (all: Uint8Array) => [...all.subarray(first, first + BYTES)].map(hexByte).join(" "); // prettier-ignore
    const at = hex(address + first);
    return [`  at ${at} was ${bytes(before)}`, `  at ${at} is  ${bytes(after)}`];
  }
  const type =
    target.kind === "global"
      ? globals[target.index]!.type.type
      : target.kind === "table"
        ? tables[target.table]!.type.element
        : target.kind === "local"
          ? codeOf(funcs[target.func]!).localTypes[target.index]
          : undefined;
  const text = (content: Content) =>
    content === null || content instanceof Uint8Array
      ? "not there"
      : content.map((value) => formatValue(value, type)).join(" ");
  return [`  was ${text(before)}, is ${text(after)}`];
}

const viewOf = ({ buffer, byteOffset, length }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, length);
