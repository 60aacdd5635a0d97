// `bobbin compare` where it must be careful: modules without memory, runs without an
// end, twins that are none, and twins that it makes itself.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { bobbin, fileOf, wat } from "./testing.js";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/wasm/${name}`, import.meta.url));
const CROSSING = [
  "compare",
  fixture("crossing.wasm"),
  "--invoke",
  "crossing",
  "1",
  "--stub-imports",
];

test.each(["0", "1", "2", "3"])("a twin made at level %s is equal at E2", async (level) => {
  const { code, stdout } = await bobbin([...CROSSING, "--optimize-level", level, "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ verdict: "equal", level: "E2", outside: [] });
  expect(code).toBe(0);
});

test("the twin that is made is the one that was committed", async () => {
  const { makeTwin } = await import("./make-twin.js");
  for (const level of [0, 2]) {
    const made = await makeTwin(readFileSync(fixture("crossing.wasm")), {}, level);
    expect(Buffer.from(made).equals(readFileSync(fixture(`crossing.twin-O${level}.wasm`)))).toBe(
      true,
    );
  }
});

test("modules without memory are equal though their twins get one", async () => {
  const file = fileOf(
    "bare.wasm",
    wat(`(module (import "env" "f" (func $f)) (func (export "run") (call $f) (unreachable)))`),
  );
  const { code, stdout } = await bobbin([
    "compare",
    file,
    "--invoke",
    "run",
    "--stub-imports",
    "--json",
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ verdict: "equal", level: "E2" });
  expect(code).toBe(0);
});

test("a run without end stops at the limit, before the host's engine starts", async () => {
  const file = fileOf("endless.wasm", wat(`(module (func (export "run") (loop $l (br $l))))`));
  const { code, stderr } = await bobbin(["compare", file, "--invoke", "run", "--fuel", "10000"]);
  expect(stderr).toMatch(/^bobbin: .*endless\.wasm: fuel exhausted: after 10000 instructions/);
  expect(code).toBe(1);
});

test.each([
  // Both end there: the program's function is told, by the index and offset that it has.
  [
    10,
    /: fuel exhausted: after 10 instructions, in crossing \(function 5\) at byte 0x11f \(i32\.const\)$/,
  ],
  // The twin executes more instructions.
  [1000, /: fuel exhausted: in the instrumented twin, after 1000 instructions, in \w+ \(function /],
])("after %i instructions, it is told in whose function", async (fuel, line) => {
  const { code, stderr } = await bobbin([...CROSSING, "--fuel", String(fuel)]);
  expect(stderr.trim()).toMatch(line);
  expect(code).toBe(1);
});

test("what leaves the domain is said beside the verdict", async () => {
  const host = fileURLToPath(new URL("../../fixtures/hosts/sleep.mjs", import.meta.url));
  const argv = [
    "compare",
    fixture("overflow.wasm"),
    "--invoke",
    "main",
    "150",
    "--host",
    host,
    "--asyncify-imports",
    "env.sleep",
  ];
  const { stdout } = await bobbin(argv);
  expect(stdout).toMatch(/verdict: equal at E2, outside the domain of the comparison\n$/);
});

describe("errors name the twin's file", () => {
  const twin = async (content: Uint8Array) => {
    const ran = await bobbin([...CROSSING, "--twin", fileOf("other.wasm", content)]);
    expect(ran.code).toBe(2);
    return ran.stderr;
  };
  test("malformed", async () => {
    const bytes = readFileSync(fixture("crossing.twin-O0.wasm"));
    expect(await twin(bytes.subarray(0, 100))).toMatch(
      /^bobbin: .*other\.wasm: malformed module: /,
    );
  });
  test("not instrumented", async () => {
    expect(await twin(readFileSync(fixture("crossing.wasm")))).toMatch(
      /^bobbin: .*other\.wasm: .*not instrumented/,
    );
  });
  test("of another program", async () => {
    expect(await twin(readFileSync(fixture("sleep.twin-O0.wasm")))).toMatch(
      /^bobbin: .*other\.wasm: /,
    );
  });
});
