// The bytes of a module as a debugger reads them. It takes names of functions from the name
// section alone: where that leaves out some, one with all the names that Bobbin shows is added
// behind the module's end, and what was there is hidden under another name. Offsets stay.

import { join, leb, sized, utf8 } from "../binary/encode.js";
import { encodeNames } from "../binary/encode-names.js";
import { functionName, type Module } from "../syntax/module.js";

const images = new WeakMap<Module, Uint8Array>();

export function imageOf(module: Module): Uint8Array {
  const image = images.get(module) ?? withNames(module);
  images.set(module, image);
  return image;
}

function withNames(module: Module): Uint8Array {
  const { bytes, customs, imported, functions, names } = module;
  const count = imported.func + functions.length;
  if (names.functions.size === count) return bytes;
  const named = Array.from({ length: count }, (_, i) => [i, functionName(module, i)] as const);
  const payload = encodeNames({ ...names, functions: new Map(named) });
  const image = join(bytes, leb(0), sized(join(utf8("name"), payload)));
  // Its name ends where the section's payload begins.
  for (const { name, start } of customs) if (name === "name") image[start - 1] = HIDDEN;
  return image;
}

const HIDDEN = "_".charCodeAt(0);
