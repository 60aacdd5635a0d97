// The parts of two packages that Bobbin uses; they have no types of their own. Only
// these declarations mention them, so that Bobbin's own types do not depend on them.

declare module "@webassemblyjs/ast" {
  type Node = import("./types.js").AstNode;
  type Nodes = readonly Node[];
  type Position = import("./types.js").Position;
  export function program(body: Nodes): Node;
  export function module(id: string | null, fields: Nodes, metadata: Node): Node;
  export function moduleMetadata(sections: Nodes, functionNames: Nodes, localNames: Nodes): Node;
  export function sectionMetadata(
    section: string,
    startOffset: number,
    size: Node,
    vectorOfSize: Node,
  ): Node;
  export function functionNameMetadata(value: string, index: number): Node;
  export function localNameMetadata(value: string, localIndex: number, func: number): Node;
  export function typeInstruction(id: undefined, functype: Node): Node;
  export function signature(params: readonly object[], results: readonly string[]): Node;
  export function funcParam(valtype: string, id?: string): object;
  export function moduleImport(module: string, name: string, descr: Node): Node;
  export function funcImportDescr(id: Node, signature: Node): Node;
  export function moduleExport(name: string, descr: Node): Node;
  export function moduleExportDescr(kind: string, id: Node): Node;
  export function func(name: Node, signature: Node, body: Nodes): Node;
  export function table(elementType: string, limits: Node, name: Node): Node;
  export function memory(limits: Node, id: Node): Node;
  export function limit(min: number, max?: number, shared?: boolean): Node;
  export function globalType(valtype: string, mutability: "const" | "var"): Node;
  export function global(type: Node, init: Nodes): Node;
  export function start(index: Node): Node;
  export function elem(table: Node, offset: Nodes, funcs: Nodes): Node;
  export function data(memory: Node, offset: Node, init: Node): Node;
  export function byteArray(values: readonly number[]): Node;
  export function identifier(value: string): Node;
  export function indexLiteral(value: number): Node;
  export function numberLiteral(value: number, raw: string): Node;
  export function longNumberLiteral(value: { high: number; low: number }, raw: string): Node;
  export function floatLiteral(value: number, nan: boolean, inf: boolean, raw: string): Node;
  export function valtypeLiteral(name: string): Node;
  export function instruction(id: string, args?: Nodes, named?: Record<string, Node>): Node;
  export function objectInstruction(
    id: string,
    object: string,
    args?: Nodes,
    named?: Record<string, Node>,
  ): Node;
  export function blockInstruction(label: Node, body: Nodes, result: unknown): Node;
  export function loopInstruction(label: Node, result: unknown, body: Nodes): Node;
  export function ifInstruction(
    label: Node,
    test: Nodes,
    result: unknown,
    consequent: Nodes,
    alternate: Nodes,
  ): Node;
  export function callInstruction(index: Node): Node;
  export function callIndirectInstruction(signature: Node, args: Nodes): Node;
  export function withLoc(node: Node, end: Position, start: Position): Node;
  export function withRaw(node: Node, raw: string): Node;
  export function traverse(
    node: Node,
    visitors: Readonly<Record<string, (path: { readonly node: Node }) => void>>,
  ): void;
}

declare module "@webassemblyjs/wasm-parser" {
  export function decode(bytes: Uint8Array): import("./types.js").AstNode;
}
