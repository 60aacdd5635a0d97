// What a link holds: program, call, position, and what is shown; in the part of the address
// that no server sees. Text is deflated.

import type { Call } from "./worker/api.js";

export interface Shared {
  readonly language: "wat" | "asm";
  readonly text: string;
  readonly include?: string;
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

export const addressOf = async (shared: Shared): Promise<string> =>
  `#program=${await deflate(JSON.stringify(shared))}`;

function checked(value: unknown): Shared {
  const { language, text, include, call, time, address } = value as Partial<Shared>;
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
  const bytes = await through(new TextEncoder().encode(text), new CompressionStream("deflate-raw"));
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

async function inflate(packed: string): Promise<string> {
  const binary = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
  return new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw")));
}
