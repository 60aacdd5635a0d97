// Commands that show and change values and memory.

import { formatValue } from "../runtime/notation.js";
import { UsageError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import { assign } from "./assign.js";
import { type DebugCommand, number } from "./command.js";
import type { DebugConsole } from "./console.js";
import { datumText, evaluate } from "./evaluate.js";
import { isMemoryType, type MemoryType, parseExpression } from "./expression.js";
import { memoryLines, regionText, typedLines } from "./render-memory.js";
import { regionsOf } from "./regions.js";

const MEMORY_SHOWN = 64;

const EXPRESSIONS = [
  "In expressions: $name (a local or global), local0, operand0 (the bottom one), top, global0,",
  "i32[ADDRESS] and the like (i8 u8 i16 u16 i32 u32 i64 u64 f32 f64), fiber, null, numbers,",
  "|| && | ^ & == != < <= > >= << >> + - * / %, ~ - !, and u32(X) for conversions.",
  "Integers are exact and signed.",
];

/** The address that an expression is worth: numbers, and names of the selected frame. */
function addressOf({ session, selected }: DebugConsole, text: string | undefined): number {
  if (text === undefined) return number(text, "address");
  if (/^(\d+|0x[\da-f]+)$/i.test(text)) return number(text, "address");
  if (!/[$[(]|^(local|global|operand)\d|^top$/.test(text)) return number(text, "address");
  const datum = evaluate(parseExpression(text), session.scope(selected));
  if (typeof datum === "object") throw new UsageError(`${text} is a reference, not an address`);
  return Number(datum) < 0 ? Number(datum) + 2 ** 32 : Number(datum);
}

/** `/4i32`: how many of what. */
function formatOf(text: string): { count: number; type: MemoryType } {
  const [, count = "", type = ""] = /^\/(\d*)([a-z]\d+)$/.exec(text) ?? [];
  if (!isMemoryType(type)) throw new UsageError(`${text} is no format: /4i32, /f64`);
  return { count: count === "" ? 1 : Number(count), type };
}

export const memoryCommands: readonly DebugCommand[] = [
  {
    name: "print",
    aliases: ["p"],
    usage: "print EXPR",
    help: "what an expression is worth in the selected frame",
    details: EXPRESSIONS,
    run(console, words) {
      const { session, selected } = console;
      const datum = evaluate(parseExpression(words.join(" ")), session.scope(selected));
      const whole = typeof datum === "bigint" && datum > 9n ? `  ${hex(datum)}` : "";
      console.write(`  ${datumText(datum)}${whole}`);
    },
  },
  {
    name: "set",
    aliases: [],
    usage: "set TARGET = EXPR",
    help: "change a local, operand, global, piece of memory or element of a table",
    details: ["set $x = 5, set operand0 = 1, set i32[0x100] = $x + 1, set table0[2] = FUNC", ...EXPRESSIONS], // prettier-ignore
    run(console, words) {
      const [, target, value] = /^(.*?\S)\s*=(?!=)\s*(.+)$/.exec(words.join(" ")) ?? [];
      if (target === undefined || value === undefined) throw new UsageError("set TARGET = EXPR");
      assign(console.session, console.selected, target, value);
    },
  },
  {
    name: "memory",
    aliases: ["m", "x"],
    usage: "memory[/COUNT TYPE] ADDRESS [LENGTH]",
    help: "bytes of the memory with their owners, or numbers: x/4i32 0x100",
    details: ["ADDRESS is a number or an expression without spaces.", ...EXPRESSIONS],
    run(console, args) {
      const { session } = console;
      const format = args[0]?.startsWith("/") === true ? formatOf(args[0]) : null;
      const [address, length] = format === null ? args : args.slice(1);
      const at = addressOf(console, address);
      const memory = session.instance.memories[0];
      if (memory === undefined) throw new UsageError("the module has no memory");
      const regions = regionsOf(session);
      if (format !== null)
        return console.write(...typedLines(memory, at, format.type, format.count, regions));
      const size = number(length, "length", MEMORY_SHOWN);
      console.write(...memoryLines(memory, at, size, regions, console.style.owned));
    },
  },
  {
    name: "regions",
    aliases: [],
    usage: "regions",
    help: "who owns which part of the memory",
    run(console) {
      const regions = regionsOf(console.session).sort((a, b) => a.start - b.start);
      if (regions.length === 0) console.write("no regions are known");
      for (const region of regions)
        console.write(`  ${hex(region.start, 6)} to ${hex(region.end, 6)}  ${regionText(region)}`);
    },
  },
  {
    name: "tables",
    aliases: [],
    usage: "tables",
    help: "elements of the tables, without nulls",
    run(console) {
      const { tables } = console.session.instance;
      if (tables.length === 0) console.write("no tables");
      tables.forEach(({ elements, type }, index) => {
        console.write(`  table ${index}, ${elements.length} elements`);
        elements.forEach((ref, i) => {
          if (ref !== null && ref !== undefined)
            console.write(`    ${i}  ${formatValue({ type: "ref", ref }, type.element)}`);
        });
      });
    },
  },
];
