// The bytes of a `Response`, or of the promise of one. The core has no `fetch`: a response
// is whatever has the members that are asked for here.
// Spec: https://webassembly.github.io/spec/web-api/#streaming-modules

import { isObject, toBytes } from "./idl.js";

interface ResponseLike {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  arrayBuffer(): Promise<unknown>;
}

const isResponse = (value: unknown): value is ResponseLike =>
  isObject(value) &&
  typeof (value as Partial<ResponseLike>).arrayBuffer === "function" &&
  typeof (value as Partial<ResponseLike>).headers?.get === "function";

/** @throws TypeError as a rejection: for what is no response of a module */
export async function bytesOfResponse(source: unknown): Promise<Uint8Array> {
  const response = await source;
  if (!isResponse(response)) throw new TypeError("the source is not a Response");
  const type = response.headers.get("Content-Type");
  if (type === null || type.replace(/^[\t ]+|[\t ]+$/g, "").toLowerCase() !== "application/wasm")
    throw new TypeError(`a module's media type is application/wasm, not ${type ?? "unknown"}`);
  if (!response.ok) throw new TypeError(`the response has status ${response.status}`);
  return toBytes(await response.arrayBuffer());
}
