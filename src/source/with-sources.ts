// A module together with where its code comes from, as the module itself tells.

import type { Module } from "../syntax/module.js";
import type { SourceLines } from "../syntax/source-lines.js";
import { DwarfLines, hasLineTables } from "./dwarf-lines.js";
import { SourceMapLines, type SourceMapText, sourceMapUrl } from "./source-map.js";

/**
 * The module with its `lines`: those that it has, or those of its DWARF, or those of the source
 * map that it names. Nothing is decoded, and no map asked for, before somebody asks for a line.
 * @param sourceMap gives the text of a map; files and addresses are the caller's
 */
export function withSources<M extends Module>(module: M, sourceMap?: SourceMapText): M {
  if (module.lines !== undefined) return module;
  const lines = linesOf(module, sourceMap);
  return lines === undefined ? module : { ...module, lines };
}

function linesOf(module: Module, sourceMap: SourceMapText | undefined): SourceLines | undefined {
  if (hasLineTables(module)) return new DwarfLines(module);
  const url = sourceMap === undefined ? undefined : sourceMapUrl(module);
  return url === undefined ? undefined : new SourceMapLines(module, url, sourceMap!);
}
