import { expect, test } from "@jest/globals";
import { Tape } from "./standard.js";

test("each reader of a tape begins at its beginning, and the source is read once", () => {
  const chunks = ["ab", "cde", "f"];
  let asked = 0;
  const tape = new Tape({
    read: () => (asked++, new TextEncoder().encode(chunks.shift() ?? "")),
  });
  const all = (size: number) => {
    const reader = tape.reader();
    const parts: string[] = [];
    for (;;) {
      const part = new TextDecoder().decode(reader.read(size));
      if (part === "") return parts.join("");
      expect(part.length).toBeLessThanOrEqual(size);
      parts.push(part);
    }
  };
  expect([all(10), all(1), all(2)]).toEqual(["abcdef", "abcdef", "abcdef"]);
  expect(asked).toBe(4);
  const [one, other] = [tape.reader(), tape.reader()];
  expect([one.read(1), other.read(2), one.read(2)].map((bytes) => bytes.length)).toEqual([1, 2, 1]);
});
