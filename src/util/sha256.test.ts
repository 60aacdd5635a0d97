import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { sha256Of } from "./sha256.js";

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("the example of FIPS 180-4", () => {
  expect(hexOf(sha256Of(new TextEncoder().encode("abc")))).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

test("any bytes have the hash that the host gives them", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      const wanted = await crypto.subtle.digest("SHA-256", new Uint8Array(bytes));
      expect(hexOf(sha256Of(bytes))).toBe(hexOf(new Uint8Array(wanted)));
    }),
  );
});
