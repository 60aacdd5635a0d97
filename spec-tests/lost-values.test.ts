// Twins that forget: for each value that a function puts back when it is rewound, a twin that
// drops it instead. Where such a twin does anything else than the right one, the checker tells.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { InstructionReader } from "../src/binary/code.js";
import { decode } from "../src/binary/decode.js";
import { bobbin, fileOf } from "../src/cli/testing.js";
import { twinParts } from "../src/observe/twin-parts.js";

const folder = fileURLToPath(new URL("../fixtures/", import.meta.url));

/** The places where values are put back: behind loads, in the first block of a function that asks for the state. */
function restores(bytes: Uint8Array): { readonly from: number; readonly to: number }[] {
  const module = decode(bytes);
  const found: { from: number; to: number }[] = [];
  for (const func of twinParts(module).instrumented) {
    const { body } = module.functions[func - module.imported.func]!;
    const reader = new InstructionReader(bytes, body.offset, body.end);
    let depth = 0;
    let before = "";
    while (reader.next() && !(depth === 1 && reader.instruction.op.mnemonic === "end")) {
      const { op, offset, next } = reader.instruction;
      if (op.mnemonic === "if") depth++;
      if (depth > 0 && op.mnemonic === "local.set" && before.includes(".load"))
        found.push({ from: offset, to: next });
      before = op.mnemonic;
    }
  }
  return found;
}

interface Outcome {
  readonly shown: string;
  readonly codes: readonly string[];
}
async function outcomeOf(file: string, argv: readonly string[]): Promise<Outcome> {
  const { stdout } = await bobbin(["check", file, ...argv, "--json"]);
  const lines = stdout.trim().split("\n");
  const { results, error, findings } = JSON.parse(lines.pop()!) as {
    results: unknown;
    error?: { kind?: string; message: string };
    findings: { code: string }[];
  };
  return {
    shown: JSON.stringify([lines, results, error?.message ?? null]),
    codes: findings.map(({ code }) => code),
  };
}

const NOP = 0x01;
const DROP = 0x1a;
const PROGRAMS: readonly (readonly [file: string, invoke: string, arg: string, host: string])[] = [
  ["misuse/sleep.twin-O0.wasm", "main", "2", "misuse/hosts/good.mjs"],
  ["misuse/sleep.twin-O2.wasm", "descend", "4", "misuse/hosts/good.mjs"],
  ["misuse/nested.twin-O0.wasm", "main", "2", "misuse/hosts/good.mjs"],
  ["misuse/nested.twin-O2.wasm", "main", "2", "misuse/hosts/good.mjs"],
  ["wasm/sleep.O0.twin-O0.wasm", "main", "4", "hosts/sleep.mjs"],
  ["wasm/sleep.O2.twin-O2.wasm", "main", "4", "hosts/sleep.mjs"],
];

test.each(PROGRAMS)(
  "%s %s %s",
  async (file, invoke, arg, host) => {
    const bytes = new Uint8Array(readFileSync(folder + file));
    // A loop whose end was forgotten has none.
    const argv = ["--invoke", invoke, arg, "--host", folder + host, "--fuel", "300000"];
    const right = await outcomeOf(folder + file, argv);
    expect(right.codes).toEqual([]);
    const silent: string[] = [];
    let told = 0;
    for (const { from, to } of restores(bytes)) {
      const damaged = bytes.slice();
      damaged.fill(NOP, from, to);
      damaged[from] = DROP;
      const { shown, codes } = await outcomeOf(fileOf("damaged.wasm", damaged), argv);
      if (shown !== right.shown && codes.length === 0) silent.push(`0x${from.toString(16)}`);
      if (codes.includes("frame-differs")) told++;
    }
    expect(silent).toEqual([]);
    expect(told).toBeGreaterThan(1);
  },
  120_000,
);
