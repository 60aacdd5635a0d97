// The WebAssembly JavaScript interface, as an entry of its own (`bobbin/js-api`): an object
// to be put in the place of the host's `WebAssembly`.

import { makeWebAssembly } from "./js-api/namespace.js";
import type { WebAssemblyNamespace } from "./js-api/types.js";

export const WebAssembly: WebAssemblyNamespace = /* @__PURE__ */ makeWebAssembly();
export { makeWebAssembly, type WebAssemblyOptions } from "./js-api/namespace.js";
export type { NativeAsyncify } from "./js-api/instantiation.js";
export type { Attachment, InstanceWatcher, NewInstance } from "./observe/attachments.js";
export type * from "./js-api/types.js";
