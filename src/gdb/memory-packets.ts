// Packets that read and write bytes: of linear memories, and of the modules themselves.

import { addressOf, parseAddress, regionOf } from "./addresses.js";
import { bytesOfHex, hexOf, hexOfText } from "./encoding.js";
import { bytesOf, PACKET_SIZE, textOf } from "./framing.js";
import { type Client, fail, OK, type PacketRow } from "./packet.js";

const RANGE = /^([\da-f]+),([\da-f]+)$/i;
const WRITE = /^([\da-f]+),([\da-f]+):([^]*)$/i;
/** As hexadecimal they fill a packet. */
const READ_AT_ONCE = PACKET_SIZE / 2;
const END = 1n << 64n;

export const memoryPackets: readonly PacketRow[] = [
  {
    name: "m",
    form: RANGE,
    usage: "mADDRESS,LENGTH",
    help: "bytes in hexadecimal; fewer where the memory ends",
    run: (client, [address = "", length = ""]) => hexOf(read(client, address, length)),
  },
  {
    name: "x",
    form: RANGE,
    usage: "xADDRESS,LENGTH",
    help: "the same as they are",
    run: (client, [address = "", length = ""]) => `b${textOf(read(client, address, length))}`,
  },
  {
    name: "M",
    form: WRITE,
    usage: "MADDRESS,LENGTH:HEX",
    help: "write bytes into a linear memory",
    run: (client, [address = "", length = "", digits = ""]) =>
      write(client, address, length, bytesOfHex(digits)),
  },
  {
    name: "X",
    form: WRITE,
    usage: "XADDRESS,LENGTH:BYTES",
    help: "the same with bytes as they are",
    run: (client, [address = "", length = "", bytes = ""]) =>
      write(client, address, length, bytesOf(bytes)),
  },
  {
    name: "qMemoryRegionInfo",
    form: /^:([\da-f]+)$/i,
    usage: "qMemoryRegionInfo:ADDRESS",
    help: "what lies around an address, or where the next thing begins",
    run: (client, [address = ""]) => regionAround(client, numberOf(address)),
  },
];

const numberOf = (digits: string): bigint => BigInt.asUintN(64, BigInt(`0x${digits}`));

function find({ debuggee }: Client, digits: string) {
  const address = parseAddress(numberOf(digits));
  const region = address && regionOf(debuggee.instances[address.module], address.space);
  if (!address || !region) return fail("nothing is at that address");
  if (address.offset >= region.length)
    return fail(`that is behind the end: it has ${region.length} bytes`);
  return { address, region };
}

function read(client: Client, digits: string, length: string): Uint8Array {
  const { address, region } = find(client, digits);
  const count = Math.min(Number.parseInt(length, 16), READ_AT_ONCE, region.length - address.offset);
  return region.part(address.offset, count);
}

function write(client: Client, digits: string, length: string, data: Uint8Array | null): string {
  const { address, region } = find(client, digits);
  if (!region.writable) fail("the bytes of a module are not to be written");
  if (data?.length !== Number.parseInt(length, 16)) return fail("not as many bytes as were told");
  client.debuggee.writeMemory(address, data);
  return OK;
}

interface Extent {
  readonly start: bigint;
  readonly end: bigint;
  readonly text: string;
}

function regionAround({ debuggee }: Client, at: bigint): string {
  const extents = debuggee.instances.flatMap((instance, module): Extent[] =>
    (["memory", "object"] as const).flatMap((space) => {
      const region = regionOf(instance, space);
      if (region === null) return [];
      const start = addressOf({ space, module, offset: 0 });
      const text = `permissions:${region.writable ? "rw" : "rx"};name:${hexOfText(space)};`;
      return [{ start, end: start + BigInt(region.length), text }];
    }),
  );
  const here = extents.find(({ start, end }) => at >= start && at < end);
  if (here !== undefined) return extentText(here.start, here.end) + here.text;
  const next = extents.map(({ start }) => start).filter((start) => start > at);
  return extentText(
    at,
    next.reduce((least, start) => (start < least ? start : least), END),
  );
}

const extentText = (start: bigint, end: bigint): string =>
  `start:${start.toString(16)};size:${(end - start).toString(16)};`;
