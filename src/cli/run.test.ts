import { expect, test } from "@jest/globals";
import { bobbin, fileOf, wat } from "./testing.js";

const m = fileOf(
  "run.wasm",
  wat(`(module
  (import "env" "log" (func $log (param i32 f64)))
  (import "env" "ask" (func $ask (param i64) (result i32)))
  (func (export "_start") (call $log (i32.const -1) (f64.const nan:0x4)))
  (func (export "ask") (param i64) (result i32) (call $ask (local.get 0)))
  (func (export "sub") (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
  (func (export "keep") (param f32) (result f32) (local.get 0))
  (func (export "two") (result i32 i64) (i32.const 1) (i64.const -2))
  (func (export "extern") (param externref) (result externref) (local.get 0)))`),
);

const stubbed = (...rest: string[]) => bobbin(["run", m, "--stub-imports", ...rest]);

test("stubs tell of their calls; _start is the default", async () => {
  expect(await stubbed()).toEqual({
    code: 0,
    stdout: "",
    stderr: "stub env.log(i32:-1, f64:nan:0x4)\n",
  });
  expect(await stubbed("--invoke", "ask", "-1")).toEqual({
    code: 0,
    stdout: "i32:0\n",
    stderr: "stub env.ask(i64:-1) -> i32:0\n",
  });
});

test.each([
  [["--invoke", "sub", "-5", "0x10"], "i32:-21"],
  [["--invoke", "sub", "--", "-5", "-6"], "i32:1"],
  [["--invoke=sub", "i32:-5", "4294967295"], "i32:-4"],
  [["--invoke", "keep", "-nan:0x1"], "f32:-nan:0x1"],
  [["--invoke", "keep", "-inf"], "f32:-inf"],
  [["--invoke", "keep", "-0x1.8p1"], "f32:-3.0"],
  [["--invoke", "keep", "-.5"], "f32:-0.5"],
  [["--invoke", "two"], "i32:1 i64:-2"],
  [["--invoke", "extern", "extern:7"], "externref:7"],
  [["--invoke", "extern", "null"], "externref:null"],
])("run %j", async (argv, printed) => {
  const { code, stdout } = await stubbed(...argv);
  expect(stdout).toBe(`${printed}\n`);
  expect(code).toBe(0);
});

test("options stand anywhere; results as JSON", async () => {
  const { stdout } = await bobbin(["run", "--json", "--invoke", "two", m, "--stub-imports"]);
  expect(JSON.parse(stdout)).toEqual({ results: ["i32:1", "i64:-2"] });
});

test("help has an example", async () => {
  for (const command of ["run", "inspect", "debug"]) {
    const { code, stdout, stderr } = await bobbin([command, "--help"]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toContain(`  bobbin ${command} program.wasm`);
  }
  expect((await bobbin(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

const host = (name: string, body: string) => fileOf(`${name}.mjs`, body);
const withHost = (script: string, ...rest: string[]) =>
  bobbin(["run", m, "--host", script, ...rest]);
const log = "log: (a, b) => log(a, b)";

test("a host script supplies imports, which may be async", async () => {
  const script = host(
    "good",
    `export default ({ log }) => ({ imports: { env: { ${log}, ask: async (x) => Number(x) + 1 } } })`,
  );
  expect(await withHost(script)).toEqual({ code: 0, stdout: "-1 NaN\n", stderr: "" });
  expect((await withHost(script, "--invoke", "ask", "41")).stdout).toBe("i32:42\n");
  const json = await withHost(script, "--json");
  expect(json).toEqual({ code: 0, stdout: '{"results":[]}\n', stderr: "-1 NaN\n" });
});

test("stubs fill what a host script leaves out", async () => {
  const script = host("part", `export default ({ log }) => ({ imports: { env: { ${log} } } })`);
  expect((await withHost(script, "--invoke", "ask", "1")).stderr).toMatch(/import env\.ask/);
  const { stderr } = await withHost(script, "--invoke", "ask", "1", "--stub-imports");
  expect(stderr).toBe("stub env.ask(i64:1) -> i32:0\n");
});

test("a host script may run the program itself", async () => {
  const script = host(
    "driver",
    `export default () => ({
      imports: { env: { log() {}, ask: (x) => Number(x) } },
      async invoke(instance, name, args) {
        await null;
        return instance.exports[name](...args) * 2;
      },
    })`,
  );
  expect((await withHost(script, "--invoke", "ask", "21")).stdout).toBe("i32:42\n");
  const { code, stderr } = await bobbin(["debug", m, "--host", script, "--invoke", "ask", "1"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/runs the program itself/);
});

test.each([
  ["syntax", "export default (", 2, /syntax\.mjs: cannot be loaded: SyntaxError/],
  ["throws", "throw new Error('no')", 2, /throws\.mjs: cannot be loaded: Error: no$/m],
  ["none", "export const x = 1", 2, /none\.mjs: has no function as default export/],
  ["empty", "export default () => null", 2, /must return an object/],
  ["async", "export default async () => 5", 2, /must return an object/],
  [
    "value",
    "export default () => ({ imports: { env: { log: 5 } } })",
    2,
    /value\.mjs: import env\.log must be a function/,
  ],
  [
    "boom",
    "export default () => { throw new Error('boom') }",
    1,
    /boom\.mjs: host exception in its default export: Error: boom$/m,
  ],
  [
    "late",
    "export default () => ({ imports: { env: { ask() {}, log() { throw new TypeError('two\\nlines') } } } })",
    1,
    /run\.wasm: host exception in import env\.log: TypeError: two lines$/m,
  ],
  [
    "rejects",
    "export default () => ({ imports: { env: { ask() {}, log: () => Promise.reject('no') } } })",
    1,
    /host exception in import env\.log: no$/m,
  ],
  [
    "drives",
    "export default () => ({ imports: { env: { ask() {}, log() {} } }, invoke() { throw 5 } })",
    1,
    /host exception in host script .*drives\.mjs: 5$/m,
  ],
])("a host script that fails: %s", async (name, body, code, line) => {
  const ran = await withHost(host(name, body));
  expect(ran.stderr).toMatch(line);
  expect(ran.stderr.split("\n")).toHaveLength(2);
  expect(ran.code).toBe(code);
});
