// Packets of the GDB remote serial protocol as bytes: `$data#checksum`, acknowledgements,
// and the one byte that interrupts. Data is a string of bytes (characters up to 0xff).
// Spec: https://sourceware.org/gdb/current/onlinedocs/gdb.html/Overview.html

import { hexByte } from "../util/hex.js";

export type Incoming =
  | { readonly kind: "packet"; readonly data: string }
  /** A packet whose checksum is wrong, or that is longer than `PACKET_SIZE`. */
  | { readonly kind: "broken" }
  /** The last packet was received, or is to be sent again. */
  | { readonly kind: "ack" }
  | { readonly kind: "nak" }
  | { readonly kind: "interrupt" };

/** Bytes of data that a packet may have, as it travels. */
export const PACKET_SIZE = 1 << 16;

const code = (character: string): number => character.charCodeAt(0);
const [START, END, ACK, NAK, INTERRUPT] = [code("$"), code("#"), code("+"), code("-"), 0x03];
/** An escaped byte travels with this bit turned over. */
const FLIP = 0x20;

/** Takes bytes as they come, in parts of any size. */
export class PacketReader {
  /** The data of the packet under way; null between packets. */
  private data: number[] | null = null;
  /** Its checksum, once that has begun. */
  private checksum: string | null = null;

  /** @returns what is complete now */
  read(bytes: Uint8Array): Incoming[] {
    const found: Incoming[] = [];
    for (const byte of bytes) {
      const incoming = this.data === null ? this.between(byte) : this.within(this.data, byte);
      if (incoming !== null) found.push(incoming);
    }
    return found;
  }

  /** What else stands between packets is noise. */
  private between(byte: number): Incoming | null {
    if (byte === ACK) return { kind: "ack" };
    if (byte === NAK) return { kind: "nak" };
    if (byte === INTERRUPT) return { kind: "interrupt" };
    if (byte === START) this.data = [];
    return null;
  }

  private within(data: number[], byte: number): Incoming | null {
    // No packet holds a bare `$`: this is the next one, and the one before was cut off.
    if (byte === START) this.begin();
    else if (this.checksum !== null) this.checksum += String.fromCharCode(byte);
    else if (byte === END) this.checksum = "";
    // One byte more says that it was too long.
    else if (data.length <= PACKET_SIZE) data.push(byte);
    if (this.checksum?.length !== 2) return null;
    const good =
      data.length <= PACKET_SIZE && Number.parseInt(this.checksum, 16) === checksumOf(data);
    this.data = this.checksum = null;
    return good ? { kind: "packet", data: unescape(textOf(data)) } : { kind: "broken" };
  }

  private begin(): void {
    this.data = [];
    this.checksum = null;
  }
}

/** A packet as it travels. */
export function frame(data: string): Uint8Array {
  const packed = bytesOf(pack(data));
  return bytesOf(`$${textOf(packed)}#${hexByte(checksumOf(packed))}`);
}

export const ACKNOWLEDGEMENT = Uint8Array.of(ACK);
export const REFUSAL = Uint8Array.of(NAK);

const checksumOf = (data: Iterable<number>): number => {
  let sum = 0;
  for (const byte of data) sum = (sum + byte) & 0xff;
  return sum;
};

const flipped = (character: string): string => String.fromCharCode(code(character) ^ FLIP);

const unescape = (data: string): string =>
  data.replace(/\}([^])/g, (_, character: string) => flipped(character));

/** Escapes what has a meaning; writes four or more of the same as one and how many follow. */
const pack = (data: string): string =>
  data.replace(/[#$}*]|([^])\1{3,97}/g, (run, repeated?: string) =>
    repeated === undefined ? `}${flipped(run)}` : repeated + repetition(repeated, run.length - 1),
  );

/** Counts are characters from this one on; the framing's own are none. */
const NO_REPETITION = 29;
const NO_COUNT = /[#$+-]/;

function repetition(character: string, count: number): string {
  let counted = count;
  while (NO_COUNT.test(String.fromCharCode(NO_REPETITION + counted))) counted--;
  return `*${String.fromCharCode(NO_REPETITION + counted)}${character.repeat(count - counted)}`;
}

/** The bytes of a string of bytes, and back. */
export const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, code);

export function textOf(bytes: Iterable<number>): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
