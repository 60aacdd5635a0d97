// Programs that answer, crash, hang and say nonsense: each of it is told, and the next
// request starts afresh.

import { afterEach, expect, jest, test } from "@jest/globals";
import { UsageError } from "../util/errors.js";
import { EngineProcess } from "./engine-process.js";
import { openEngine } from "./engines.js";
import { bobbin, fileOf } from "./testing.js";

jest.setTimeout(120_000);

/** Answers with the request and how many there were before it, if no request says otherwise. */
const PROGRAM = `
let count = 0;
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const request = JSON.parse(line);
  if (request === "exit") { console.error("no more"); process.exit(7); }
  if (request === "abort") process.kill(process.pid, "SIGSEGV");
  if (request === "hang") for (;;);
  console.log("bobbin-answer:" + (request === "nonsense" ? "?" : JSON.stringify([request, count++])));
});`;
const made: EngineProcess[] = [];
function program(timeoutMs = 60_000, restartAfter = 100): EngineProcess {
  const engine = new EngineProcess({
    command: [process.execPath, "-e", PROGRAM],
    timeoutMs,
    restartAfter,
  });
  made.push(engine);
  return engine;
}
afterEach(() => made.splice(0).forEach((engine) => engine.close()));

test("one process answers many requests, until it is time for another", async () => {
  const engine = program(60_000, 2);
  expect(await engine.ask("a")).toEqual(["a", 0]);
  expect(await engine.ask({ b: 1 })).toEqual([{ b: 1 }, 1]);
  expect(await engine.ask("c")).toEqual(["c", 0]);
});

test.each([
  ["exit", "crashed", "crashed: exit code 7 no more"],
  ["abort", "crashed", "crashed: signal SIGSEGV"],
  ["nonsense", "garbled", "an answer that is no JSON: ?"],
] as const)("%s: %s: %s", async (request, kind, reason) => {
  const engine = program();
  await expect(engine.ask(request)).rejects.toMatchObject({ message: reason, kind });
  expect(await engine.ask("next")).toEqual(["next", 0]);
});

test("what it is at ends when it is closed", async () => {
  const engine = program();
  expect(await engine.ask("a")).toEqual(["a", 0]);
  const hanging = engine.ask("hang");
  engine.close();
  await expect(hanging).rejects.toMatchObject({ message: "was closed", kind: "closed" });
  expect(await engine.ask("next")).toEqual(["next", 0]);
});

test("a program that hangs is ended", async () => {
  const engine = program(2000);
  await expect(engine.ask("hang")).rejects.toMatchObject({
    message: "no answer in 2000 ms",
    kind: "hung",
  });
});

test("what does not start, and what is no engine, is wrong usage", async () => {
  const missing = new EngineProcess({ command: ["/nowhere/engine"], timeoutMs: 60_000 });
  await expect(missing.ask("a")).rejects.toThrow(UsageError);
  await expect(openEngine("v9")).rejects.toThrow("unknown engine v9: expected host, node,");
  await expect(openEngine("node:")).rejects.toThrow("unknown engine");
  await expect(openEngine("host", ["--flag"])).rejects.toThrow("--engine-args");
});

/** Node as an engine, with a preloaded script that makes it a broken one. */
const brokenNode = (script: string): string[] => [
  "--engine",
  `node:${process.execPath}`,
  `--engine-args=--import=${fileOf("broken.mjs", script)}`,
];

test("another process finds what this one finds; its crash is a result", async () => {
  const argv = ["spec", "--fuzz", "--seed", "2", "--count", "2"];
  const good = await bobbin([...argv, "--engine", `node:${process.execPath}`, "--json"]);
  expect(JSON.parse(good.stdout)).toMatchObject({
    version: `node ${process.versions.node}, v8 ${process.versions.v8}`,
    compared: 2,
    same: 2,
    failures: [],
  });
  const crashing = brokenNode("WebAssembly.instantiate = () => process.exit(9);");
  const { code, stdout } = await bobbin([...argv, ...crashing]);
  expect(code).toBe(1);
  expect(stdout).toContain("2: engine: crashed: exit code 9");
  expect(stdout).toContain("again: bobbin spec --fuzz --seed 3 --count 1 --engine node:");
});
