// What a link holds: program, call, position, and what is shown; in the part of the address
// that no server sees. Text is deflated.

import { fromBase64, toBase64 } from "./base64.js";
import type { Call } from "./worker/api.js";

export interface Shared {
  readonly language: "wat" | "asm";
  readonly text: string;
  readonly include?: string;
  /** A module that has no text. */
  readonly module?: { readonly name: string; readonly bytes: Uint8Array };
  readonly call: Call;
  /** Instructions executed. */
  readonly time: number;
  /** Address from which memory is shown. */
  readonly address: number;
}

/** What the address of the page asks for. */
export type Asked =
  | { readonly kind: "lesson"; readonly number: number }
  | { readonly kind: "example"; readonly name: string }
  | { readonly kind: "shared"; readonly shared: Shared };

/** A link beyond this is cut by what it is sent with. */
export const MAX_LINK = 30_000;

export async function readAddress(hash: string): Promise<Asked | null> {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const lesson = Number(fields.get("lesson"));
  if (Number.isInteger(lesson) && lesson > 0) return { kind: "lesson", number: lesson };
  const example = fields.get("example");
  if (example !== null) return { kind: "example", name: example };
  const packed = fields.get("program");
  if (packed === null) return null;
  try {
    return { kind: "shared", shared: checked(JSON.parse(await inflate(packed))) };
  } catch {
    // A link that was cut on its way: the page begins as without one.
    return null;
  }
}

/** Null where it would be too long to be passed on. */
export async function addressOf({ module, ...rest }: Shared): Promise<string | null> {
  const packed =
    module === undefined
      ? rest
      : { ...rest, module: { name: module.name, bytes: toBase64(module.bytes) } };
  const address = `#program=${await deflate(JSON.stringify(packed))}`;
  return address.length > MAX_LINK ? null : address;
}

/** As it stands in a link. */
type Packed = Omit<Shared, "module"> & { readonly module: { name: unknown; bytes: unknown } };

function checked(value: unknown): Shared {
  const { language, text, include, module, call, time, address } = value as Partial<Packed>;
  const isText = (x: unknown): x is string => typeof x === "string";
  const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && Number(x) >= 0;
  if (language !== "wat" && language !== "asm") throw new TypeError("no language");
  if (
    !isText(text) ||
    !isText(call?.invoke) ||
    !Array.isArray(call.args) ||
    !call.args.every(isText)
  )
    throw new TypeError("no program");
  return {
    language,
    text,
    ...(isText(include) ? { include } : {}),
    ...(isText(module?.name) && isText(module.bytes)
      ? { module: { name: module.name, bytes: fromBase64(module.bytes) } }
      : {}),
    call,
    time: isCount(time) ? time : 0,
    address: isCount(address) ? address : 0,
  };
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
) {
  const piped = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(piped).arrayBuffer());
}

async function deflate(text: string): Promise<string> {
  return toBase64(
    await through(new TextEncoder().encode(text), new CompressionStream("deflate-raw")),
  );
}

async function inflate(packed: string): Promise<string> {
  const bytes = await through(fromBase64(packed), new DecompressionStream("deflate-raw"));
  return new TextDecoder().decode(bytes);
}
