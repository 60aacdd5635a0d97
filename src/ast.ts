// The trees of @webassemblyjs/ast, as an entry of their own (`bobbin/ast`): whoever does
// not want them does not load that package.

export { funcAst, toAst, type ToAstOptions } from "./ast/to-ast.js";
export { fromAst } from "./ast/from-ast.js";
export { crossCheck, type CrossCheck, type Disagreement } from "./ast/cross-check.js";
export { AstError, type AstNode } from "./ast/types.js";
