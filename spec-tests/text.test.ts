// Every valid module of the official suite as text and back: printed flat and folded,
// assembled again by an assembler that knows nothing of Bobbin (the Rust crate `wast`),
// it is the same module.

import { expect, test } from "@jest/globals";
import { decode } from "../src/binary/decode.js";
import { assemble } from "../src/cli/assembler.js";
import { canonical } from "../src/text/canonical.testing.js";
import { printWat } from "../src/text/wat.js";
import { officialSuite } from "./official-suite.js";

const MODULES = ["module", "module_definition", "assert_unlinkable", "assert_uninstantiable"];

const suite = officialSuite();
if (suite !== null) {
  test("the suite's modules survive the way through text", () => {
    const counts = { modules: 0, flat: 0, folded: 0 };
    const refused: string[] = [];
    const surprises: string[] = [];
    for (const { file, group, load } of suite) {
      const { commands, read } = load();
      for (const { type, filename, module_type } of commands) {
        if (!MODULES.includes(type) || module_type === "text") continue;
        counts.modules++;
        const module = decode(read(filename!));
        const expected = JSON.stringify(canonical(module), withBigInts);
        for (const form of ["flat", "folded"] as const) {
          let again;
          try {
            again = decode(assemble(printWat(module, { folded: form === "folded" })));
          } catch (error) {
            refused.push(`${group}: ${filename}, ${form}: ${String(error).split("\n")[0]}`);
            continue;
          }
          counts[form]++;
          if (JSON.stringify(canonical(again), withBigInts) !== expected)
            surprises.push(`${file}: ${filename} is another module, ${form}`);
        }
      }
    }
    process.stdout.write(
      `\nthrough text: of ${counts.modules} modules ${counts.flat} flat and ${counts.folded} folded are the same\n`,
    );
    expect(surprises).toEqual([]);
    // The assembler reads no folded `try` of legacy exceptions.
    expect(refused.filter((why) => !/^legacy-exceptions: .*, folded:/.test(why))).toEqual([]);
    expect(counts.flat).toBe(counts.modules);
  }, 600_000);
}

const withBigInts = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? `${value}n` : value;
