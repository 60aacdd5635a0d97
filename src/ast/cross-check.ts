// Decodes a module a second time with `@webassemblyjs/wasm-parser` and says where it
// and Bobbin disagree. Both modules are looked at as trees, reduced to what both can say.

import { decode as parse } from "@webassemblyjs/wasm-parser";
import { decode } from "../binary/decode.js";
import type { Module } from "../syntax/module.js";
import { flatten, type Line, said } from "./flatten.js";
import { signatureText, typeName } from "./names.js";
import { funcAst, toAst } from "./to-ast.js";
import { type AstNode, functionNamesIn, moduleIn, nodeIn, nodesIn, numberIn } from "./types.js";

export interface Disagreement {
  /** Function index, or null for what lies outside of function bodies. */
  readonly func: number | null;
  /** Byte offset, for instructions. */
  readonly offset?: number;
  /** What each decoder found; null where it found nothing. */
  readonly ours: string | null;
  readonly theirs: string | null;
}

export type CrossCheck =
  | {
      readonly outcome: "agree" | "disagree";
      readonly functions: number;
      readonly instructions: number;
      readonly disagreements: readonly Disagreement[];
    }
  /** The other decoder gave up. */
  | { readonly outcome: "throws"; readonly reason: string };

const MAX_DISAGREEMENTS = 1000;

/** The other decoder prints to the console, which is no business of ours. */
function silently<T>(action: () => T): T {
  const { log, warn } = console;
  const nothing = (): void => undefined;
  Object.assign(console, { log: nothing, warn: nothing });
  try {
    return action();
  } finally {
    Object.assign(console, { log, warn });
  }
}

/**
 * Decodes with `@webassemblyjs/wasm-parser`, in silence.
 * @throws whatever it throws
 */
export const parseQuietly = (bytes: Uint8Array): AstNode => silently(() => parse(bytes));

/** Two lists of instructions, put side by side by their offsets. */
function compareLines(func: number, ours: readonly Line[], theirs: readonly Line[]) {
  const found: Disagreement[] = [];
  let [i, j] = [0, 0];
  while (i < ours.length || j < theirs.length) {
    const [a, b] = [ours[i], theirs[j]];
    const [x, y] = [a?.offset ?? Infinity, b?.offset ?? Infinity];
    const offset = Math.min(x, y);
    if (x <= y) i++;
    if (y <= x) j++;
    if (x !== y || a!.text !== b!.text)
      found.push({
        func,
        offset,
        ours: x <= y ? a!.text : null,
        theirs: y <= x ? b!.text : null,
      });
  }
  return found;
}

const texts = (instructions: readonly AstNode[]): string =>
  flatten(instructions, 0)
    .map(({ text }) => text)
    .filter((text) => text !== "end")
    .join(", ");

function limitsText(node: AstNode): string {
  const { min, max, shared, address } = nodeIn(node, "limits");
  const flags = `${shared === true ? " shared" : ""}${address === undefined ? "" : " i64"}`;
  return `${said(min)}..${said(max)}${flags}`;
}

function describe(node: AstNode, names: ReadonlyMap<number, string>): string {
  switch (node.type) {
    case "TypeInstruction":
      return node["subtype"] ? "type" : `type ${signatureText(nodeIn(node, "functype"))}`;
    case "ModuleImport":
      return `import ${JSON.stringify([node["module"], node["name"]])} ${describe(nodeIn(node, "descr"), names)}`;
    case "FuncImportDescr":
      return `func ${signatureText(nodeIn(node, "signature"))}`;
    case "Table":
      return `table ${limitsText(node)} ${typeName(node["elementType"])}`;
    case "Memory":
      return `memory ${limitsText(node)}`;
    case "GlobalType":
      return `global ${String(node["mutability"])} ${typeName(node["valtype"])}`;
    case "Global":
      return `${describe(nodeIn(node, "globalType"), names)} = ${texts(nodesIn(node, "init"))}`;
    case "Start":
      return `start ${numberIn(nodeIn(node, "index"))}`;
    case "Elem":
      return [
        said(node["mode"] ?? "active"),
        `elem of table ${numberIn(nodeIn(node, "table"))} at ${texts(nodesIn(node, "offset"))}:`,
        ...nodesIn(node, "funcs").map(numberIn),
        ...((node["expressions"] ?? []) as AstNode[][]).map((e) => `(${texts(e)})`),
      ].join(" ");
    case "Data": {
      const offset = (node["offsets"] as AstNode[] | undefined) ?? [nodeIn(node, "offset")];
      const bytes = nodeIn(node, "init")["values"] as readonly number[];
      const sum = bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5);
      return `${said(node["mode"] ?? "active")} data of memory ${numberIn(nodeIn(node, "memoryIndex"))} at ${texts(
        offset,
      )}: ${bytes.length} bytes, hash ${(sum >>> 0).toString(16)}`;
    }
    case "ModuleExport": {
      const descr = nodeIn(node, "descr");
      const id = nodeIn(descr, "id");
      // With a name section, the parser has names of functions in place of indices.
      const named = descr["exportType"] === "Func" ? names.get(id["value"] as number) : undefined;
      return `export ${JSON.stringify(node["name"])} ${String(descr["exportType"])} ${named ?? String(id["value"])}`;
    }
    default:
      return texts([node]);
  }
}

/** What lies outside of bodies, by kind. */
function fieldsOf(ast: AstNode): ReadonlyMap<string, readonly string[]> {
  const module = moduleIn(ast);
  // The first name of a function counts, as for the parser.
  const names = new Map(
    functionNamesIn(module)
      .map((n) => [n["index"] as number, n["value"] as string] as const)
      .reverse(),
  );
  const byKind = new Map<string, string[]>();
  for (const field of nodesIn(module, "fields")) {
    if (field.type === "Func") continue;
    const list = byKind.get(field.type) ?? [];
    byKind.set(field.type, list);
    list.push(describe(field, names));
  }
  return byKind;
}

function compareFields(module: Module, theirs: AstNode): Disagreement[] {
  const [a, b] = [fieldsOf(toAst(module, { functions: "none" })), fieldsOf(theirs)];
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((kind) => {
    const [x, y] = [a.get(kind) ?? [], b.get(kind) ?? []];
    return Array.from({ length: Math.max(x.length, y.length) }, (_, i) => ({
      func: null,
      ours: x[i] ?? null,
      theirs: y[i] ?? null,
    })).filter(({ ours, theirs: other }) => ours !== other);
  });
}

/**
 * Compares the two decoders on a module, instruction by instruction. At most a
 * thousand disagreements are listed.
 * @throws MalformedError if Bobbin finds the bytes to be no module
 */
export function crossCheck(bytes: Uint8Array): CrossCheck {
  const module = decode(bytes);
  let theirs: AstNode;
  try {
    theirs = parseQuietly(bytes);
  } catch (error) {
    return { outcome: "throws", reason: error instanceof Error ? error.message : String(error) };
  }
  const disagreements = compareFields(module, theirs);
  const functions = nodesIn(moduleIn(theirs), "fields").filter(({ type }) => type === "Func");
  let instructions = 0;
  for (let i = 0; i < Math.max(functions.length, module.functions.length); i++) {
    const index = module.imported.func + i;
    const ours = module.functions[i] ? nodesIn(funcAst(module, index), "body") : [];
    const lines = flatten(ours, 0);
    instructions += lines.length;
    if (disagreements.length >= MAX_DISAGREEMENTS) continue;
    const other = functions[i] ? flatten(nodesIn(functions[i]!, "body"), 1) : [];
    disagreements.push(...compareLines(index, lines, other));
  }
  return {
    outcome: disagreements.length === 0 ? "agree" : "disagree",
    functions: module.functions.length,
    instructions,
    disagreements: disagreements.slice(0, MAX_DISAGREEMENTS),
  };
}
