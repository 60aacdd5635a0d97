// The module of a tree that `@webassemblyjs/wasm-parser` decoded: written as bytes
// again, then decoded by Bobbin. Such trees leave things out without a word, so what
// they say of sections and sizes is held against what they contain, and whatever may
// be missing is refused. `encode-ast.ts` writes the instructions.

import { decode } from "../binary/decode.js";
import {
  type Bytes,
  join,
  leb,
  moduleOf,
  Section,
  sized,
  utf8,
  vector,
  exportEntry,
} from "../binary/encode.js";
import type { Module } from "../syntax/module.js";
import { encodeExpression, encodeType, type Scope } from "./encode-ast.js";
import { isLocals } from "./flatten.js";
import { signatureText } from "./names.js";
import {
  type AstNode,
  functionNamesIn,
  moduleIn,
  nodeIn,
  nodesIn,
  numberIn,
  refuse,
} from "./types.js";

const FUNCTION_TYPE = 0x60;

const text = (node: AstNode, field: string): string => {
  const value = node[field];
  return typeof value === "string" ? value : refuse(`${node.type} has no ${field}`, node);
};

function encodeSignature(signature: AstNode): Uint8Array {
  // This checks its two lists, too.
  signatureText(signature);
  const params = signature["params"] as readonly { valtype?: unknown }[];
  const results = signature["results"] as readonly unknown[];
  return join(
    [FUNCTION_TYPE],
    vector(params.map(({ valtype }) => [encodeType(valtype, signature)])),
    vector(results.map((type) => [encodeType(type, signature)])),
  );
}

function encodeLimits(node: AstNode): Uint8Array {
  const limits = nodeIn(node, "limits");
  const { min, max, shared, address, pageSizeLog2 } = limits;
  if (address !== undefined || pageSizeLog2 !== undefined)
    refuse(`${node.type} with 64-bit addresses or pages of its own size`, node);
  const flags = (max === undefined ? 0 : 1) | (shared === true ? 2 : 0);
  return join([flags], ...[min, ...(max === undefined ? [] : [max])].map((n) => leb(u32(n, node))));
}

const u32 = (value: unknown, node: AstNode): number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32
    ? value
    : refuse(`${String(value)} is no u32`, node);

const encodeTable = (node: AstNode): Uint8Array =>
  node["init"] === undefined
    ? join([encodeType(node["elementType"], node)], encodeLimits(node))
    : refuse("a table with an initial value", node);

const encodeGlobalType = (node: AstNode): Uint8Array =>
  Uint8Array.of(encodeType(node["valtype"], node), node["mutability"] === "var" ? 1 : 0);

function encodeImport(node: AstNode, scope: Scope): Uint8Array {
  const descr = nodeIn(node, "descr");
  const description = (): Bytes => {
    switch (descr.type) {
      case "FuncImportDescr":
        if (descr["exact"] !== undefined) refuse("an import of an exact function", node);
        return join([0], leb(scope.typeOf(nodeIn(descr, "signature"))));
      case "Table":
        return join([1], encodeTable(descr));
      case "Memory":
        return join([2], encodeLimits(descr));
      case "GlobalType":
        return join([3], encodeGlobalType(descr));
      default:
        return refuse(`import of ${descr.type}`, node);
    }
  };
  return join(utf8(text(node, "module")), utf8(text(node, "name")), description());
}

const kinds = { Func: "func", Table: "table", Memory: "memory", Global: "global" } as const;

function encodeExport(node: AstNode, functionNames: readonly AstNode[]): Uint8Array {
  const descr = nodeIn(node, "descr");
  const kind = kinds[text(descr, "exportType") as keyof typeof kinds];
  if (kind === undefined) refuse(`export of ${text(descr, "exportType")}`, node);
  const id = nodeIn(descr, "id");
  if (id.type !== "Identifier") return exportEntry(text(node, "name"), kind, numberIn(id));
  // The parser has put a function's name where its index was.
  const named = functionNames.filter(({ value }) => value === id["value"]);
  if (named.length !== 1)
    refuse(`export of a function by a name that ${named.length} functions have`, node);
  return exportEntry(text(node, "name"), kind, u32(named[0]!["index"], node));
}

/** Segments start with flags; all but the plain ones look to the parser like others. */
function encodeElement(node: AstNode, scope: Scope): Uint8Array {
  if (numberIn(nodeIn(node, "table")) !== 0)
    refuse("a segment of elements whose table is not known", node);
  if (node["mode"] !== undefined || node["expressions"] !== undefined)
    refuse("a segment of elements that is passive, declarative, or of expressions", node);
  const funcs = nodesIn(node, "funcs").map((index) => leb(numberIn(index)));
  return join([0], encodeExpression(nodesIn(node, "offset"), scope), vector(funcs));
}

function encodeData(node: AstNode, scope: Scope): Uint8Array {
  if (numberIn(nodeIn(node, "memoryIndex")) !== 0 || node["mode"] !== undefined)
    refuse("a data segment that is passive or not of memory 0", node);
  const { values } = nodeIn(node, "init");
  if (!Array.isArray(values)) return refuse("a data segment without bytes", node);
  const offsets = node["offsets"] === undefined ? undefined : nodesIn(node, "offsets");
  const offset = offsets ?? [nodeIn(node, "offset"), { type: "Instr", id: "end", args: [] }];
  return join([0], encodeExpression(offset, scope), sized(Uint8Array.from(values as number[])));
}

/** A body whose length in the binary is not what the parser read has something missing. */
function checkSize(node: AstNode): void {
  const { bodySize } = (node["metadata"] ?? {}) as { bodySize?: unknown };
  if (typeof bodySize !== "number" || node.loc === undefined) return;
  const read = node.loc.end.column - node.loc.start.column - bodySize;
  // The parser starts at the size, of one to five bytes.
  if (read < 0 || read > 5) refuse("the parser did not read this function to its end", node);
}

function encodeBody(node: AstNode, scope: Scope): Uint8Array {
  checkSize(node);
  const body = nodesIn(node, "body");
  const first = body.findIndex((instruction) => !isLocals(instruction));
  const locals = body.slice(0, Math.max(first, 0)).flatMap((local) => {
    const declared = nodesIn(local, "args");
    return declared.length === 0
      ? []
      : [join(leb(declared.length), [encodeType(declared[0]!["name"], local)])];
  });
  return sized(join(vector(locals), encodeExpression(body.slice(Math.max(first, 0)), scope)));
}

/** The counts that the sections gave, against the nodes that came of them. */
function checkSections(
  module: AstNode,
  bySection: Readonly<Record<string, readonly AstNode[]>>,
): void {
  if (module["metadata"] === undefined) return;
  let end = 0;
  for (const section of nodesIn(nodeIn(module, "metadata"), "sections")) {
    const name = String(section["section"]);
    const size = section["size"] === undefined ? 0 : numberIn(nodeIn(section, "size"));
    const start = Number(section["startOffset"]);
    if (start < end) refuse(`the parser lost its place before the section "${name}"`);
    end = start + size;
    const found = bySection[name]?.length;
    if (found === undefined || section["vectorOfSize"] === undefined) continue;
    const wanted = numberIn(nodeIn(section, "vectorOfSize"));
    if (wanted !== found)
      refuse(`the section "${name}" has ${wanted} entries, the tree ${found} of them`);
  }
}

function nameSection(functions: readonly AstNode[]): Uint8Array {
  const byIndex = new Map(
    functions.map((n) => [u32(n["index"], n), text(n, "value")] as const).reverse(),
  );
  const entries = [...byIndex].sort(([a], [b]) => a - b);
  const names = vector(entries.map(([index, name]) => join(leb(index), utf8(name))));
  return join(utf8("name"), [1], sized(names));
}

/**
 * The module of a tree, by way of bytes of its own: offsets are not the original's.
 * Names of functions stay; alignments, other names and custom sections are lost,
 * because the tree does not have them.
 * @throws AstError for what the tree cannot say, or says in a way that may be wrong
 */
export function fromAst(ast: AstNode): Module {
  const module = moduleIn(ast);
  const fields = nodesIn(module, "fields");
  const of = (...types: string[]) => fields.filter(({ type }) => types.includes(type));
  const known = ["TypeInstruction", "ModuleImport", "Func", "Table", "Memory", "Global"];
  const others = ["ModuleExport", "Start", "Elem", "Data"];
  const stranger = fields.find(({ type }) => ![...known, ...others].includes(type));
  if (stranger) refuse(`${stranger.type} among the fields of a module`, stranger);

  const functypes = of("TypeInstruction");
  const compound = functypes.find((node) => node["subtype"] !== undefined);
  if (compound) refuse("a type other than a function's", compound);
  const indices = new Map<string, number>();
  functypes.forEach((node, i) => {
    const key = signatureText(nodeIn(node, "functype"));
    if (!indices.has(key)) indices.set(key, i);
  });
  const imported = of("ModuleImport").map((node) => nodeIn(node, "descr"));
  const memories = [...of("Memory"), ...imported.filter(({ type }) => type === "Memory")];
  const scope: Scope = {
    typeOf: (signature) =>
      indices.get(signatureText(signature)) ??
      refuse(`no type is ${signatureText(signature)}`, signature),
    severalMemories: memories.length > 1,
  };

  const sectionNodes: Readonly<Record<string, readonly AstNode[]>> = {
    type: functypes,
    import: of("ModuleImport"),
    func: of("Func"),
    table: of("Table"),
    memory: of("Memory"),
    global: of("Global"),
    export: of("ModuleExport"),
    element: of("Elem"),
    code: of("Func"),
    data: of("Data"),
  };
  const starts = of("Start");
  if (starts.length > 1) refuse("more than one start function", starts[1]);
  checkSections(module, sectionNodes);
  const functionNames = functionNamesIn(module);

  const sections = new Map<number, Bytes>();
  const add = (id: number, section: string, encode: (node: AstNode) => Bytes): void => {
    const nodes = sectionNodes[section]!;
    if (nodes.length > 0) sections.set(id, vector(nodes.map(encode)));
  };
  add(Section.type, "type", (node) => encodeSignature(nodeIn(node, "functype")));
  add(Section.import, "import", (node) => encodeImport(node, scope));
  add(Section.function, "func", (node) => leb(scope.typeOf(nodeIn(node, "signature"))));
  add(Section.table, "table", encodeTable);
  add(Section.memory, "memory", encodeLimits);
  add(Section.global, "global", (node) =>
    join(
      encodeGlobalType(nodeIn(node, "globalType")),
      encodeExpression(nodesIn(node, "init"), scope),
    ),
  );
  add(Section.export, "export", (node) => encodeExport(node, functionNames));
  for (const node of starts) sections.set(Section.start, leb(numberIn(nodeIn(node, "index"))));
  add(Section.element, "element", (node) => encodeElement(node, scope));
  add(Section.code, "code", (node) => encodeBody(node, scope));
  add(Section.data, "data", (node) => encodeData(node, scope));
  return decode(moduleOf(sections, functionNames.length === 0 ? [] : [nameSection(functionNames)]));
}
