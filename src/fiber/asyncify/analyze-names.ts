// The names that Binaryen gives to functions, which its lists are matched with, and
// names for people. From the name section, made unique; otherwise `fimport$3` for
// imports and the ordinal among defined functions (src/wasm/wasm-binary.cpp:2748-2764,
// 3119-3125, 3381, 5409-5447; no escapes since version 131).

import type { Module } from "../../syntax/module.js";

/** Binaryen's internal names, by function index. */
export function binaryenNames(module: Module): string[] {
  const used = new Set<string>();
  const unique = (root: string): string => {
    let name = root;
    for (let n = used.size; used.has(name); n++) name = `${root}_${n}`;
    used.add(name);
    return name;
  };
  const given = new Map<number, string>();
  for (const [index, name] of module.names.functions) given.set(index, unique(name));
  const imported = module.imported.func;
  return Array.from(
    { length: imported + module.functions.length },
    (_, i) => given.get(i) ?? unique(i < imported ? `fimport$${i}` : String(i - imported)),
  );
}

/** The same names as `functionName` gives, for all functions at once. */
export function readableNames(module: Module): string[] {
  const exported = new Map<number, string>();
  for (const { kind, index, name } of module.exports) {
    if (kind === "func" && !exported.has(index)) exported.set(index, name);
  }
  const imports = module.imports.filter((i) => i.description.kind === "func");
  return Array.from({ length: imports.length + module.functions.length }, (_, i) => {
    const imported = imports[i];
    return (
      module.names.functions.get(i) ??
      exported.get(i) ??
      (imported ? `${imported.module}.${imported.name}` : `func[${i}]`)
    );
  });
}
