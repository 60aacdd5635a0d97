// Definitions of types, and the types of what a module imports or defines, as text.
// Spec: https://webassembly.github.io/spec/core/text/types.html

import type { Module } from "../syntax/module.js";
import type {
  CompType,
  FieldType,
  FuncType,
  GlobalType,
  Limits,
  MemoryType,
  SubType,
  TableType,
  ValType,
} from "../syntax/types.js";
import { identifier } from "./identifiers.js";
import { indexText, type Scope, typeText } from "./scope.js";

type NameMap = ReadonlyMap<number, string> | undefined;

/** `$name (;7;)`, or the index alone. */
export function binder(names: NameMap, index: number): string {
  const name = names?.get(index);
  return name === undefined ? `(;${index};)` : `${identifier(name)} (;${index};)`;
}

/** `(local i32 i64) (local $name f32)`: what has no name shares parentheses. */
export function declarations(
  keyword: string,
  types: readonly ValType[],
  names: NameMap,
  first: number,
  scope: Scope,
): string[] {
  const groups: string[] = [];
  let plain: string[] = [];
  const flush = () => {
    if (plain.length > 0) groups.push(`(${keyword} ${plain.join(" ")})`);
    plain = [];
  };
  types.forEach((type, i) => {
    const name = names?.get(first + i);
    const text = typeText(type, scope);
    if (name === undefined) plain.push(text);
    else {
      flush();
      groups.push(`(${keyword} ${identifier(name)} ${text})`);
    }
  });
  flush();
  return groups;
}

/** `(param i32) (result i64)`, parameters by name where they have one. */
export const signatureText = (type: FuncType, names: NameMap, scope: Scope): string[] => [
  ...declarations("param", type.params, names, 0, scope),
  ...declarations("result", type.results, undefined, 0, scope),
];

const fieldText = ({ storage, mutable }: FieldType, scope: Scope): string =>
  mutable ? `(mut ${typeText(storage, scope)})` : typeText(storage, scope);

function compText(comp: CompType, index: number, scope: Scope): string {
  switch (comp.kind) {
    case "func":
      return `(${["func", ...signatureText(comp, undefined, scope)].join(" ")})`;
    case "struct": {
      const names = scope.module.names.fields.get(index);
      const fields = comp.fields.map((field, i) => {
        const name = names?.get(i);
        return `(field ${name === undefined ? "" : `${identifier(name)} `}${fieldText(field, scope)})`;
      });
      return `(${["struct", ...fields].join(" ")})`;
    }
    case "array":
      return `(array ${fieldText(comp.field, scope)})`;
    case "cont":
      return `(cont ${indexText.type(comp.func, scope)})`;
  }
}

function subText(type: SubType, index: number, scope: Scope): string {
  const { final, supers, describes, descriptor, comp } = type;
  const clause = (keyword: string, x: number | undefined) =>
    x === undefined ? "" : `(${keyword} ${indexText.type(x, scope)}) `;
  const clauses = clause("describes", describes) + clause("descriptor", descriptor);
  const inner = clauses + compText(comp, index, scope);
  if (final && supers.length === 0) return inner;
  const above = supers.map((i) => indexText.type(i, scope));
  return `(${["sub", ...(final ? ["final"] : []), ...above, inner].join(" ")})`;
}

/** All type definitions, recursion groups of several types in `rec`. */
export function typeLines(module: Module): string[] {
  const scope: Scope = { module, func: undefined };
  return module.types.map((type, i) => {
    const text = `(type ${binder(module.names.types, i)} ${subText(type, i, scope)})`;
    const { groupStart, groupSize } = type;
    if (groupSize === 1) return `  ${text}`;
    const opening = i === groupStart ? "  (rec\n" : "";
    return `${opening}    ${text}${i === groupStart + groupSize - 1 ? ")" : ""}`;
  });
}

function limitsText({ min, max, address, shared, pageSizeLog2 }: Limits): string {
  const parts = [
    address === "i64" ? "i64" : "",
    String(min),
    max === undefined ? "" : String(max),
    shared ? "shared" : "",
    pageSizeLog2 === 16 ? "" : `(pagesize ${2n ** BigInt(pageSizeLog2)})`,
  ];
  return parts.filter(Boolean).join(" ");
}

export const memoryText = ({ limits }: MemoryType): string => limitsText(limits);
export const tableText = ({ limits, element }: TableType, scope: Scope): string =>
  `${limitsText(limits)} ${typeText(element, scope)}`;
export const globalText = ({ type, mutable }: GlobalType, scope: Scope): string =>
  mutable ? `(mut ${typeText(type, scope)})` : typeText(type, scope);
