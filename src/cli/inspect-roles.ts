// The Asyncify parts of `bobbin inspect`: roles with their reasons, call sites with
// their indices.

import { analyzeRoles } from "../fiber/asyncify/analyze.js";
import type { RoleKind } from "../fiber/asyncify/roles.js";
import { functionName } from "../syntax/module.js";
import { formatValType } from "../syntax/types.js";
import type { OperandType } from "../valid/visitor.js";
import type { ValidModule } from "../valid/validate.js";
import { columns, hex } from "./columns.js";
import { type AsyncifyFlags, asyncifySettings } from "./options.js";

export interface RoleInfo {
  readonly index: number;
  readonly name: string;
  readonly role: RoleKind;
  readonly canChangeState: boolean;
  readonly reason: string;
}
export interface SiteInfo {
  readonly callIndex: number;
  readonly offset: number;
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
  const { functions, warnings } = analyzeRoles(module, asyncifySettings(flags));
  const roles = functions.map(({ index, kind, canChangeState, reason }) => ({
    index,
    name: functionName(module, index),
    role: kind,
    canChangeState,
    reason,
  }));
  return { roles, warnings };
}

export function sitesInfo(module: ValidModule, flags: AsyncifyFlags): { sites: FunctionSites[] } {
  const roles = analyzeRoles(module, asyncifySettings(flags));
  const instrumented = roles.functions.filter(({ kind }) => kind === "instrumented");
  const sites = instrumented.map(({ index }) => ({
    index,
    name: functionName(module, index),
    sites: roles.sites(index).map(({ callIndex, offset, callee, operands, liveLocals }) => ({
      callIndex,
      offset,
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
  if (warnings.length > 0) tables.push(["Warnings", ...warnings.map((w) => `  ${w}`)]);
  return tables;
}

export function siteTable(sites: readonly FunctionSites[]): string[] {
  if (sites.length === 0) return ["Asyncify call sites", "  none: no function is instrumented"];
  const rows = sites.flatMap((of) =>
    of.sites.map((site) => [
      of.name,
      String(site.callIndex),
      hex(site.offset),
      site.calleeName ?? "(indirect)",
      `[${site.operands.join(" ")}]`,
      site.liveLocals.join(" "),
    ]),
  );
  const header = ["function", "call", "offset", "callee", "operands", "live locals"];
  return ["Asyncify call sites", ...columns([header, ...rows], ["left", "right", "right"])];
}
