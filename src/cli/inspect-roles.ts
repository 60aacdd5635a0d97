// The Asyncify parts of `bobbin inspect`: roles with their reasons, call sites with
// their indices.

import { analyzeRoles } from "../fiber/asyncify/analyze.js";
import { type Extension, EXTENSIONS } from "../fiber/asyncify/extensions.js";
import type { RoleKind } from "../fiber/asyncify/roles.js";
import { functionName } from "../syntax/module.js";
import { formatValType } from "../syntax/types.js";
import type { OperandType } from "../valid/visitor.js";
import type { ValidModule } from "../valid/validate.js";
import { columns } from "./columns.js";
import { type AsyncifyFlags, asyncifySettings } from "./options.js";
import { hex } from "../util/hex.js";

export interface RoleInfo {
  readonly index: number;
  readonly name: string;
  readonly role: RoleKind;
  readonly canChangeState: boolean;
  readonly reason: string;
  /** What Binaryen does not do, with the byte it is at; null where it is no instruction. */
  readonly extensions: readonly { readonly extension: Extension; readonly offset: number | null }[];
}
export interface SiteInfo {
  readonly callIndex: number;
  readonly offset: number;
  /** Why Binaryen does not instrument it; null where it does. */
  readonly extension: Extension | null;
  /** Null for indirect calls. */
  readonly callee: number | null;
  readonly calleeName: string | null;
  readonly operands: readonly string[];
  readonly liveLocals: readonly number[];
}
export interface FunctionSites {
  readonly index: number;
  readonly name: string;
  readonly sites: readonly SiteInfo[];
}

export function rolesInfo(
  module: ValidModule,
  flags: AsyncifyFlags,
): { roles: RoleInfo[]; warnings: readonly string[] } {
  const { functions, warnings, extensions } = analyzeRoles(module, asyncifySettings(flags));
  const roles = functions.map(({ index, kind, canChangeState, reason }) => ({
    index,
    name: functionName(module, index),
    role: kind,
    canChangeState,
    reason,
    extensions: extensions
      .filter(({ func }) => func === index)
      .map(({ extension, offset }) => ({ extension, offset })),
  }));
  return { roles, warnings };
}

export function sitesInfo(module: ValidModule, flags: AsyncifyFlags): { sites: FunctionSites[] } {
  const roles = analyzeRoles(module, asyncifySettings(flags));
  const instrumented = roles.functions.filter(({ kind }) => kind === "instrumented");
  const sites = instrumented.map(({ index }) => ({
    index,
    name: functionName(module, index),
    sites: roles
      .sites(index)
      .map(({ callIndex, offset, extension, callee, operands, liveLocals }) => ({
        callIndex,
        offset,
        extension,
        callee,
        calleeName: callee === null ? null : functionName(module, callee),
        operands: operands.map(operandText),
        liveLocals,
      })),
  }));
  return { sites };
}

const operandText = (type: OperandType): string =>
  typeof type === "string" ? type : formatValType(type);

export function roleTables(roles: readonly RoleInfo[], warnings: readonly string[]): string[][] {
  const rows = roles.map(({ index, name, role, reason }) => [String(index), name, role, reason]);
  const table = columns([["index", "name", "role", "reason"], ...rows], ["right"]);
  const tables = [["Asyncify roles", ...table]];
  const uses = roles.flatMap(({ index, name, extensions }) =>
    extensions.map(({ extension, offset }) => [
      String(index),
      name,
      extension,
      offset === null ? "" : hex(offset, 4),
      EXTENSIONS[extension],
    ]),
  );
  if (uses.length > 0) {
    const header = ["index", "name", "extension", "offset", "what Binaryen does"];
    const align = ["right", "left", "left", "right"] as const;
    tables.push(["Asyncify extensions", ...columns([header, ...uses], align)]);
  }
  if (warnings.length > 0) tables.push(["Warnings", ...warnings.map((w) => `  ${w}`)]);
  return tables;
}

export function siteTable(sites: readonly FunctionSites[]): string[] {
  if (sites.length === 0) return ["Asyncify call sites", "  none: no function is instrumented"];
  const rows = sites.flatMap((of) =>
    of.sites.map((site) => [
      of.name,
      String(site.callIndex),
      hex(site.offset, 4),
      site.calleeName ?? "(indirect)",
      `[${site.operands.join(" ")}]`,
      site.liveLocals.join(" "),
      ...(site.extension === null ? [] : [`extension: ${site.extension}`]),
    ]),
  );
  const header = ["function", "call", "offset", "callee", "operands", "live locals"];
  return ["Asyncify call sites", ...columns([header, ...rows], ["left", "right", "right"])];
}
