// Values of the host behind references. What JavaScript knows by value is saved by value;
// objects only where the caller says how.

import type { ByteWriter, SectionReader } from "./bytes.js";
import { SnapshotError } from "./errors.js";

/** How objects of the host (and symbols, and functions) are saved and found again. */
export interface Codec {
  /** Null for what it does not know. */
  encode(value: unknown): Uint8Array | null;
  decode(bytes: Uint8Array): unknown;
}

const Kind = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  number: 4,
  string: 5,
  bigint: 6,
  coded: 7,
} as const;

const scratch = new DataView(new ArrayBuffer(8));

export function writeHostValue(w: ByteWriter, value: unknown, codec: Codec | undefined): void {
  switch (typeof value) {
    case "undefined":
      return w.byte(Kind.undefined);
    case "boolean":
      return w.byte(value ? Kind.true : Kind.false);
    case "number":
      w.byte(Kind.number);
      scratch.setFloat64(0, value);
      return w.long(scratch.getBigInt64(0));
    case "string":
      w.byte(Kind.string);
      return w.text(value);
    case "bigint":
      w.byte(Kind.bigint);
      return w.text(value.toString(16));
    default: {
      if (value === null) return w.byte(Kind.null);
      const bytes = codec?.encode(value) ?? null;
      if (bytes === null) {
        const what = typeof value === "object" ? "an object" : `a ${typeof value}`;
        throw new SnapshotError(
          `a reference holds ${what} of the host: only its owner can say how to save it (codec)`,
        );
      }
      w.byte(Kind.coded);
      w.sized(bytes);
    }
  }
}

export function readHostValue(r: SectionReader, codec: Codec | undefined): unknown {
  const start = r.pos;
  const kind = r.byte("a kind of host value");
  switch (kind) {
    case Kind.undefined:
      return undefined;
    case Kind.null:
      return null;
    case Kind.false:
      return false;
    case Kind.true:
      return true;
    case Kind.number:
      scratch.setBigInt64(0, r.long("a number"));
      return scratch.getFloat64(0);
    case Kind.string:
      return r.text("a string");
    case Kind.bigint: {
      const digits = r.text("a bigint");
      r.ensure(/^-?[1-9a-f][\da-f]*$|^0$/.test(digits), "expected hexadecimal digits", start);
      return digits.startsWith("-") ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
    }
    case Kind.coded: {
      const bytes = r.sized("a coded host value");
      r.ensure(codec !== undefined, "a value of the host needs the codec that wrote it", start);
      return codec.decode(bytes);
    }
    default:
      return r.fail(`expected a kind of host value, found ${kind}`, start);
  }
}
