// Snapshots as the users of the command line meet them: what `inspect` shows of one, and
// which programs cannot be saved.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { PROGRAMS, save, start } from "../snapshot/programs.testing.js";
import { bobbin, fileOf } from "./testing.js";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const CROSSING = ["run", fixture("wasm/crossing.wasm"), "--invoke", "crossing", "4"];
const out = join(dirname(fileOf("x", "")), "half.snap");

async function fibers(file = out): Promise<string> {
  const { stdout, code } = await bobbin(["inspect", file]);
  expect(code).toBe(0);
  return stdout.slice(stdout.indexOf("\nfiber ") + 1);
}

test("the stacks of fibers that a native switch put aside are shown, whole chains of them", async () => {
  const saved = await bobbin([...CROSSING, "--stub-imports", "--fiber-abi", "native", "--snapshot", out, "--snapshot-after", "300"]); // prettier-ignore
  expect(saved.code).toBe(0);
  expect(await fibers()).toMatchInlineSnapshot(`
   "fiber 1: suspended, entry crossing, 2 frames
     #0 generator_send (function 7) at byte 0x3a6 (i32.ne)
     #1 crossing (function 5) at byte 0x206 (call)
   put aside: 1
   fiber 3: suspended, by a fiber switch, entry generator_main, 3 frames
     #0 generator_yield (function 9) at byte 0x475 (call)
     #1 run_inner (function 8) at byte 0x43a (call)
     #2 generator_main (function 10) at byte 0x4b4 (call_indirect)
   fiber 2: resuming, entry generator_main, 3 frames
     #0 generator_send (function 7) at byte 0x3d7 (call)
     #1 run_outer (function 6) at byte 0x317 (call)
     #2 generator_main (function 10) at byte 0x4b4 (call_indirect)
   "
  `);
  const { stdout } = await bobbin(["inspect", out, "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    fibers: [{ id: 1, stack: [{ name: "generator_send" }, { name: "crossing" }] }],
    suspended: [
      {
        by: "fiber switch",
        fibers: [
          { id: 3, frames: 3, stack: [{ name: "generator_yield" }, {}, {}] },
          { id: 2, frames: 3, stack: [{ name: "generator_send" }, {}, {}] },
        ],
      },
    ],
  });
});

test("those of continuations, too", async () => {
  const at = start(PROGRAMS["continuations"]!, 3);
  at.machine.run({ fuel: 120 });
  expect(await fibers(fileOf("continuations.snap", await save(at)))).toMatchInlineSnapshot(`
   "fiber 1: suspended, entry run, 1 frame
     #0 run (function 3) at byte 0xe4 (i32.const)
   put aside: 3
   fiber 2: suspended, held by a continuation, entry func[1], 1 frame
     #0 func[1] (function 1) at byte 0x5e (suspend)
   fiber 3: suspended, held by a continuation, entry func[1], 1 frame
     #0 func[1] (function 1) at byte 0x5e (suspend)
   fiber 4: fresh, held by a continuation, entry func[1], 0 frames
   "
  `);
});

test("a fiber that waits for the host says for what", async () => {
  await bobbin([...CROSSING, "--stub-imports", "--snapshot", out, "--snapshot-at-host", "env.log_i32"]); // prettier-ignore
  expect(await fibers()).toMatch(
    /^fiber \d+: waiting for env\.log_i32, entry crossing, \d+ frames?\n/,
  );
});

test("a script that drives the program cannot be saved, nor go on", async () => {
  const reason =
    "the host script runs the program itself (invoke), and what it is at cannot be saved: use a " +
    "script without invoke, whose imports answer with promises where it waits";
  const sleep = ["--host", fixture("hosts/sleep.mjs")];
  const file = fixture("wasm/sleep.wasm");
  const run = await bobbin(["run", file, "--invoke", "main", "2", ...sleep, "--snapshot", out]);
  expect(run).toEqual({ code: 2, stdout: "", stderr: `bobbin: ${file}: ${reason}\n` });
  await bobbin([...CROSSING, "--stub-imports", "--snapshot", out, "--snapshot-after", "300"]);
  const resumed = await bobbin(["resume", out, ...sleep]);
  expect(resumed).toEqual({ code: 2, stdout: "", stderr: `bobbin: ${out}: ${reason}\n` });
});

test("one whose imports answer with promises can be saved while it waits", async () => {
  const host = fileOf(
    "promises.mjs",
    `export default ({ log }) => ({ imports: { env: {
       sleep: async (ms) => ms, log_i32: (x) => log("i32:" + x) } } });`,
  );
  const file = fixture("wasm/sleep.wasm");
  const whole = await bobbin(["run", file, "--invoke", "main", "2", "--host", host]);
  const first = await bobbin(["run", file, "--invoke", "main", "2", "--host", host, "--snapshot", out, "--snapshot-at-host", "env.sleep"]); // prettier-ignore
  const rest = await bobbin(["resume", out, "--host", host]);
  expect(whole.stdout).not.toBe("");
  expect(first.stdout + rest.stdout).toBe(whole.stdout);
});

test("modules that a snapshot only names are given to whoever opens it", async () => {
  const [, file] = CROSSING as [string, string];
  await bobbin([...CROSSING, "--stub-imports", "--snapshot", out, "--snapshot-after", "300", "--no-module"]); // prettier-ignore
  for (const argv of [
    ["resume", out],
    ["inspect", out],
    ["debug", "--snapshot", out],
  ]) {
    const stubs = argv[0] === "inspect" ? [] : ["--stub-imports"];
    const missing = await bobbin([...argv, ...stubs]);
    expect(missing.stderr).toMatch(
      /: the snapshot needs the module with the SHA-256 [\da-f]{64}: give it with --modules FILE\n$/,
    );
    expect(missing.code).toBe(2);
    expect((await bobbin([...argv, ...stubs, "--modules", file])).code).toBe(0);
  }
});
