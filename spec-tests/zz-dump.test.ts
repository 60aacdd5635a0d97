import { test } from "@jest/globals";
import { decode } from "../src/binary/decode.js";
import { validate } from "../src/valid/validate.js";
import { randomFrom, randomModule } from "../src/fiber/asyncify/analyze-random.testing.js";
import { analyzeRoles } from "../src/fiber/asyncify/analyze.js";
import { disassembleFunction } from "../src/text/disassemble.js";
import { writeFileSync } from "node:fs";
test("d", () => {
  const { bytes } = randomModule(randomFrom(Number(process.env["SEED"])));
  writeFileSync("/tmp/seed.wasm", bytes);
  const module = validate(decode(bytes));
  const i = Number(process.env["FUNC"]);
  const roles = analyzeRoles(module, { strict: true, ignoreIndirect: true });
  console.log([...disassembleFunction(module, i)].map((x) => `${x.offset.toString(16)} ${"  ".repeat((x as any).depth ?? 0)}${x.text}`).join("\n"), roles.sites(i).map((s) => `${s.callIndex} ${s.offset.toString(16)} ${s.liveLocals}`));
});
