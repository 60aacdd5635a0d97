// The names of a module as identifiers that assemble again: the name section may
// repeat a name or have an empty one, identifiers may not. A repeated name gets its
// index as a suffix. Names of things that do not exist stay: nothing asks for them.
// Spec: https://webassembly.github.io/spec/core/text/values.html#text-id

import type { Names } from "../syntax/module.js";

type NameMap = ReadonlyMap<number, string>;

export function uniqueMap(names: NameMap): NameMap {
  const given = new Set(names.values());
  const taken = new Set<string>();
  const unique = new Map<number, string>();
  for (const [index, name] of names) {
    if (name === "") continue;
    let candidate = name;
    for (let suffix = `_${index}`; taken.has(candidate); suffix += "_") {
      const next = name + suffix;
      candidate = given.has(next) ? name : next;
    }
    taken.add(candidate);
    unique.set(index, candidate);
  }
  return unique;
}

const eachUnique = (maps: ReadonlyMap<number, NameMap>): ReadonlyMap<number, NameMap> =>
  new Map(Array.from(maps, ([index, names]) => [index, uniqueMap(names)]));

export function uniqueNames(names: Names): Names {
  return {
    ...(names.module === undefined || names.module === "" ? {} : { module: names.module }),
    functions: uniqueMap(names.functions),
    locals: eachUnique(names.locals),
    labels: eachUnique(names.labels),
    types: uniqueMap(names.types),
    tables: uniqueMap(names.tables),
    memories: uniqueMap(names.memories),
    globals: uniqueMap(names.globals),
    elements: uniqueMap(names.elements),
    datas: uniqueMap(names.datas),
    fields: eachUnique(names.fields),
    tags: uniqueMap(names.tags),
  };
}
