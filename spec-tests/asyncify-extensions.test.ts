// Random programs with what Binaryen's pass refuses or overlooks. No twin knows what they must
// do, but they themselves do: asleep, however often, the same as awake; and those that can be
// written without extensions, the same as that one's twin.
// BOBBIN_SEEDS=FROM:TO runs others, and prints how many of which kind.

import { setFlagsFromString } from "node:v8";
import { expect, test } from "@jest/globals";
import { EXTENSIONS } from "../src/fiber/asyncify/extensions.js";
import { checkExtensions, type FoundExtended } from "./asyncify-extensions-check.js";

// Binaryen prints through the console it finds when it is loaded: list entries that match nothing.
console.error = () => undefined;

// Node 20's V8 knows 64-bit memories, but must be asked.
setFlagsFromString("--experimental-wasm-memory64");

const asked = process.env["BOBBIN_SEEDS"];
const [from = 0, to = 100] = (asked ?? "0:80").split(":").map(Number);
/** What the generator has. */
const GENERATED = Object.keys(EXTENSIONS).filter((name) => name !== "stack switching");

test(`programs with extensions do the same asleep and awake, seeds ${from} to ${to}`, async () => {
  const all: FoundExtended[] = [];
  for (let seed = from; seed < to; seed++) {
    const found = await checkExtensions(seed).catch((error: unknown) => {
      if (error instanceof Error) error.message = `seed ${seed}: ${error.message}`;
      throw error;
    });
    for (const { problems, ...about } of found)
      expect({ ...about, problems }).toEqual({ ...about, problems: [] });
    all.push(...found);
    if (asked !== undefined && (seed + 1) % 50 === 0)
      process.stderr.write(`until seed ${seed + 1}: ${summaryOf(all).split("\n", 1)[0]}\n`);
  }
  if (asked !== undefined) return console.log(summaryOf(all));
  const share = (wanted: (found: FoundExtended) => boolean) =>
    all.filter(wanted).length / all.length;
  for (const name of GENERATED)
    expect(share(({ extensions }) => extensions.some((e) => e === name))).toBeGreaterThan(0.1);
  expect(share(({ pushes }) => pushes > 0)).toBeGreaterThan(0.4);
  expect(share(({ extendedPushes }) => extendedPushes > 0)).toBeGreaterThan(0.2);
  expect(share(({ tailPushes }) => tailPushes > 0)).toBeGreaterThan(0.04);
  expect(share(({ lowered }) => lowered)).toBeGreaterThan(0.3);
  expect(share(({ moved }) => moved)).toBeGreaterThan(0.1);
  expect(share(({ overflown }) => overflown)).toBeLessThan(0.02);
}, 3_600_000);

/** By extension: runs, those with records, records, those of calls that only Bobbin instruments, and those that tail calls led to. */
function summaryOf(all: readonly FoundExtended[]): string {
  const lines = new Map<string, number[]>();
  for (const found of all) {
    const { kind, extensions, pushes, extendedPushes, tailPushes, lowered, moved, overflown } = found; // prettier-ignore
    const counts = [1, pushes > 0 ? 1 : 0, pushes, extendedPushes, tailPushes];
    const also = { lowered, moved, overflown };
    const names = Object.entries(also).flatMap(([name, is]) => (is ? [`was ${name}`] : []));
    for (const name of ["all", kind, ...extensions, ...names])
      lines.set(
        name,
        counts.map((n, i) => n + (lines.get(name)?.[i] ?? 0)),
      );
  }
  return [...lines].map(([name, counts]) => `${name}: ${counts.join(" ")}`).join("\n");
}
