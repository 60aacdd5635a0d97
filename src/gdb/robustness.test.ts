// No bytes make the server fail.

import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { bytesOf, textOf } from "./framing.js";
import { packets } from "./packets.js";
import { clientOf } from "./testing.js";

const PARTS = [..."0123456789abcdef,;:-.p".split(""), "4000000000000039", "4000", "thread:1;"];
/** Packets that are almost right, so that they come further than the table. */
const almost = fc
  .tuple(
    fc.constantFrom(...packets.filter(({ name }) => !["k", "D", "vKill"].includes(name))),
    fc.array(fc.constantFrom(...PARTS)),
  )
  .map(([{ name }, rest]) => name + rest.join(""));

test("no bytes make the server fail: each packet has one answer", async () => {
  const remote = clientOf();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(almost, fc.string({ unit: "binary-ascii" }))),
      async (sent) => {
        for (const data of sent.filter((each) => !/^(k|D|vKill)/.test(each)))
          expect(await remote.ask(textOf(bytesOf(data)))).toEqual(expect.any(String));
      },
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      remote.send(bytes);
      await remote.answers();
    }),
  );
});
