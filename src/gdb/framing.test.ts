import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { bytesOf, frame, type Incoming, PACKET_SIZE, PacketReader, textOf } from "./framing.js";

const read = (text: string): Incoming[] => new PacketReader().read(bytesOf(text));
const framed = (data: string): string => textOf(frame(data));

test("packets, acknowledgements and interrupts", () => {
  expect(read("+-\x03$qC#b4$OK#9a")).toEqual([
    { kind: "ack" },
    { kind: "nak" },
    { kind: "interrupt" },
    { kind: "packet", data: "qC" },
    { kind: "packet", data: "OK" },
  ]);
});

test("noise between packets means nothing", () => {
  expect(read("abc#00$qC#b4\n")).toEqual([{ kind: "packet", data: "qC" }]);
});

test("a wrong checksum breaks a packet, and one that was cut off is forgotten", () => {
  expect(read("$qC#b5")).toEqual([{ kind: "broken" }]);
  expect(read("$qC#zz")).toEqual([{ kind: "broken" }]);
  expect(read("$qfThre$qC#$qC#b4")).toEqual([{ kind: "packet", data: "qC" }]);
});

test("what is escaped arrives as it was", () => {
  expect(read("$X0,2:}\x03}\x04#21")).toEqual([{ kind: "packet", data: "X0,2:#$" }]);
});

test("a packet may be as long as was told, and no longer", () => {
  const longest = "m".repeat(PACKET_SIZE);
  const sum = (text: string) => ((text.length * 0x6d) & 0xff).toString(16).padStart(2, "0");
  expect(read(`$${longest}#${sum(longest)}`)).toEqual([{ kind: "packet", data: longest }]);
  const tooLong = `${longest}m`;
  expect(read(`$${tooLong}#${sum(tooLong)}$qC#b4`)).toEqual([
    { kind: "broken" },
    { kind: "packet", data: "qC" },
  ]);
});

test("runs are told by their length, but for lengths that are characters of the framing", () => {
  expect(framed("")).toBe("$#00");
  expect(framed("000")).toBe("$000#90");
  expect(framed("0000")).toBe("$0* #7a");
  // Six and seven more would be `#` and `$`, fourteen and sixteen `+` and `-`.
  expect(framed("0".repeat(7))).toMatch(/^\$0\*"0#/);
  expect(framed("0".repeat(8))).toMatch(/^\$0\*"00#/);
  expect(framed("0".repeat(15))).toMatch(/^\$0\*\*0#/);
  expect(framed("0".repeat(17))).toMatch(/^\$0\*,0#/);
  expect(framed("0".repeat(98))).toMatch(/^\$0\*~#/);
});

/** What a client does to an answer before it takes escapes off. */
function expanded(text: string): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "*") out += out.at(-1)!.repeat(text.charCodeAt(++i) - 29);
    else if (text[i] === "}") out += String.fromCharCode(text.charCodeAt(++i) ^ 0x20);
    else out += text[i];
  }
  return out;
}

const runs = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 120 })))
  .map((parts) => parts.map(([byte, n]) => String.fromCharCode(byte).repeat(n)).join(""));

test("any data can be sent, and is what it was", () => {
  fc.assert(
    fc.property(runs, (data) => {
      const text = framed(data);
      const [, packed, checksum] = /^\$([^#$]*)#([\da-f]{2})$/.exec(text)!;
      const sum = bytesOf(packed!).reduce((a, b) => (a + b) & 0xff, 0);
      expect(Number.parseInt(checksum!, 16)).toBe(sum);
      expect(expanded(packed!)).toBe(data);
    }),
  );
});

test("bytes may come in any parts", () => {
  const stream = bytesOf("+$qC#b4\x03$X0,2:}\x03}\x04#21$bad#00-");
  const whole = new PacketReader().read(stream);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: stream.length })), (cuts) => {
      const reader = new PacketReader();
      const at = [0, ...cuts.sort((a, b) => a - b), stream.length];
      expect(at.slice(1).flatMap((end, i) => reader.read(stream.subarray(at[i], end)))).toEqual(
        whole,
      );
    }),
  );
});
