// A session of the Debug Adapter Protocol as the official test client has it, held to the
// letter: the generator whose inner yield crosses the outer one. UPDATE_GOLDEN=1 writes the
// transcript anew.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "@jest/globals";
import { closeClients, fixture, open, type TestClient } from "../src/cli/dap/testing.js";

afterEach(closeClients);

/** Asks for all threads, where each stands, and what the frames of `detailed` hold. */
async function look(c: TestClient, detailed: readonly string[] = []): Promise<void> {
  const { threads } = await c.ask("threads", undefined);
  for (const { id } of threads) {
    const { stackFrames } = await c.ask("stackTrace", { threadId: id });
    for (const frame of stackFrames.filter(({ name }) => detailed.includes(name))) {
      const { scopes } = await c.ask("scopes", { frameId: frame.id });
      for (const { variablesReference, name } of scopes)
        if (name !== "Globals") await c.ask("variables", { variablesReference });
    }
  }
}

test("crossing generators", async () => {
  const c = open();
  const config = {
    program: fixture("wasm/crossing.wasm"),
    invoke: "crossing",
    args: ["1"],
    host: fixture("hosts/logging.mjs"),
  };
  // In the inner generator.
  await c.until(() =>
    c.begin(config, () =>
      c.ask("setFunctionBreakpoints", { breakpoints: [{ name: "run_inner" }] }),
    ),
  );
  await look(c, ["run_inner"]);
  // A record of it is being written.
  await c.ask("setFunctionBreakpoints", { breakpoints: [] });
  const { dataId } = await c.ask("dataBreakpointInfo", {
    name: "0x4000c",
    asAddress: true,
    bytes: 24,
  });
  await c.ask("setDataBreakpoints", { breakpoints: [{ dataId: dataId! }] });
  await c.until(() => c.ask("continue", { threadId: c.thread }));
  await look(c, ["run_inner", "generator_send"]);
  await c.ask("readMemory", { memoryReference: "0x4000c", count: 24 });
  const writing = await c.image();
  // Both are suspended.
  await c.ask("setDataBreakpoints", { breakpoints: [] });
  await c.ask("setExceptionBreakpoints", { filters: ["switch"] });
  await c.until(() => c.ask("continue", { threadId: c.thread }));
  await look(c, ["run_inner", "run_outer"]);
  const suspended = await c.image();
  // Back, frame by frame, into the unwind.
  await c.ask("setExceptionBreakpoints", { filters: [] });
  const bits = { granularity: "instruction" } as const;
  for (let i = 0; i < 3; i++) {
    await c.until(() => c.ask("stepBack", { threadId: c.thread, ...bits }));
    await look(c);
  }
  // Back over all of it, to where the inner generator yields.
  await c.ask("setFunctionBreakpoints", { breakpoints: [{ name: "generator_yield" }] });
  await c.until(() => c.ask("reverseContinue", { threadId: c.thread }));
  await look(c, ["generator_yield"]);
  const before = await c.image();
  await c.ask("setFunctionBreakpoints", { breakpoints: [] });
  // Forward again: the record is written, the fibers are suspended, as before.
  await c.ask("setDataBreakpoints", { breakpoints: [{ dataId: dataId! }] });
  await c.until(() => c.ask("continue", { threadId: c.thread }));
  expect(await c.image()).toEqual(writing);
  await c.ask("setDataBreakpoints", { breakpoints: [] });
  await c.ask("setExceptionBreakpoints", { filters: ["switch"] });
  await c.until(() => c.ask("continue", { threadId: c.thread }));
  expect(await c.image()).toEqual(suspended);
  // And back to the same state.
  await c.ask("setExceptionBreakpoints", { filters: [] });
  await c.ask("setFunctionBreakpoints", { breakpoints: [{ name: "generator_yield" }] });
  await c.until(() => c.ask("reverseContinue", { threadId: c.thread }));
  expect(await c.image()).toEqual(before);
  await c.ask("setFunctionBreakpoints", { breakpoints: [] });
  await Promise.all([c.waitForEvent("terminated"), c.ask("continue", { threadId: c.thread })]);
  const text = `${c.transcript.join("\n")}\n`;
  const file = fileURLToPath(new URL("golden/dap-crossing.golden.txt", import.meta.url));
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, "utf8"));
});
