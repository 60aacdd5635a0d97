// A memory beyond what one typed array of the host holds (4 GiB on Node 20), with little in
// it: the file is as small as what it holds.

import { expect, test } from "@jest/globals";
import { i32 } from "../runtime/values.js";
import { load, save, start } from "./programs.testing.js";

const PAGES = 65_600;
/** In the last page, and across 4 GiB. */
const [FAR, EDGE] = [PAGES * 65_536 - 4, 2 ** 32 - 2];

test("more than 4 GiB", async () => {
  const at = start(
    `(memory i64 ${PAGES})
    (func (export "run") (param $n i32) (result i32)
      (i32.store (i64.const ${FAR}) (local.get $n))
      (i32.store (i64.const ${EDGE}) (i32.const 0x01020304))
      (i32.add (i32.load (i64.const ${FAR})) (i32.load (i64.const ${EDGE}))))`,
    7,
  );
  expect(at.machine.run({ fuel: 6 }).kind).toBe("paused");
  const bytes = await save(at);
  // Three blocks of 4096 bytes, deflated, and their checksums and tables.
  expect(bytes.length).toBeLessThan(2000);
  const loaded = await load(bytes);
  expect(loaded.instances[0]!.memories[0]!.pages).toBe(PAGES);
  expect(loaded.machine.run()).toEqual({ kind: "returned", results: [i32(0x01020304 + 7)] });
}, 60_000);
