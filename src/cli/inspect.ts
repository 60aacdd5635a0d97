// `bobbin inspect`: what is in a module. Without options a summary; with options
// the parts that they name.

import type { Command } from "commander";
import { findFunction } from "../debug/names.js";
import type { Module } from "../syntax/module.js";
import { printWat } from "../text/wat.js";
import type { FeatureSet } from "../valid/features.js";
import type { ValidModule } from "../valid/validate.js";
import { UsageError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import { printable } from "../util/printable.js";
import { columns } from "./columns.js";
import type { CommonOptions, Context } from "./context.js";
import { about, ExitCode, FileError } from "./failure.js";
import { type InputOptions, readModule, validated } from "./input.js";
import type { CrossCheck } from "../ast/cross-check.js";
import { crossCheckTable } from "./inspect-cross-check.js";
import { inspectSnapshot, isSnapshotFile } from "./inspect-snapshot.js";
import * as data from "./inspect-data.js";
import {
  type FunctionSites,
  type RoleInfo,
  rolesInfo,
  roleTables,
  sitesInfo,
  siteTable,
} from "./inspect-roles.js";
import {
  type AsyncifyFlags,
  asyncifyOptions,
  asyncifySettings,
  type FeatureFlags,
  featureOptions,
  featuresOf,
  linkOption,
  modulesOption,
  operand,
  verboseLines,
} from "./options.js";

interface InspectOptions extends CommonOptions, AsyncifyFlags, InputOptions, FeatureFlags {
  readonly sections?: boolean;
  readonly functions?: boolean;
  readonly roles?: boolean;
  readonly sites?: boolean;
  readonly disassemble?: boolean | string;
  readonly crossCheck?: boolean;
  readonly wat?: boolean;
  readonly folded?: boolean;
  readonly offsets?: boolean;
  readonly modules?: readonly string[];
}

const EXAMPLES = `
Examples:
  bobbin inspect program.wasm
  bobbin inspect program.wasm --roles --sites
  bobbin inspect program.wasm --disassemble main
  bobbin inspect program.wasm --wat --folded > program.wat
  bobbin inspect half.snap`;

export function register(program: Command, context: Context): void {
  const command = program
    .command("inspect")
    .description("show sections, imports, exports, functions, Asyncify roles, code")
    .argument("[file]", "WebAssembly module, or a snapshot", operand)
    .addOption(linkOption())
    .addOption(modulesOption())
    .option("--sections", "sections with offsets and sizes")
    .option("--functions", "functions with types, offsets and sizes")
    .option("--roles", "the role of each function under Asyncify, and why")
    .option("--sites", "the calls that Asyncify instruments, with their index")
    .option("--disassemble [function]", "instructions with byte offsets: of one function, or all")
    .option(
      "--cross-check",
      "where the decoder of @webassemblyjs disagrees; exit code 1 if it does",
    )
    .option("--wat", "the whole module in the text format, and nothing else")
    .option("--folded", "with --wat: operands inside of the instructions that take them")
    .option("--offsets", "with --wat: byte offsets of functions, instructions and segments");
  asyncifyOptions(featureOptions(command))
    .option("--json", "print as JSON")
    .addHelpText("after", EXAMPLES)
    .action((given: string | undefined, options: InspectOptions) => {
      // `--disassemble FILE`: the optional value has taken the file.
      const swapped = given === undefined && typeof options.disassemble === "string";
      const file = swapped ? operand(String(options.disassemble)) : given;
      return context.run(options, () => {
        if (file === undefined) throw new UsageError("missing required argument 'file'");
        const parts = swapped ? { ...options, disassemble: true } : options;
        checkWat(parts);
        return about(file, async () => {
          if (await isSnapshotFile(file)) return inspectSnapshot(file, options, context);
          return inspect(file, await readModule(file, options), parts, context);
        });
      });
    });
}

/** The text is for assemblers, too: nothing else may stand around it. */
function checkWat(options: InspectOptions): void {
  const { wat, folded, offsets, sections, functions, roles, sites } = options;
  const { disassemble, crossCheck } = options;
  if (wat !== true) {
    const lone = folded === true ? "--folded" : offsets === true ? "--offsets" : undefined;
    if (lone !== undefined) throw new UsageError(`${lone} needs --wat`);
  } else if (
    [sections, functions, roles, sites, disassemble, crossCheck].some((part) => part !== undefined)
  ) {
    throw new UsageError("--wat shows the whole module: leave out the options that name parts");
  }
}

async function inspect(
  file: string,
  module: Module,
  options: InspectOptions,
  context: Context,
): Promise<number> {
  const { valid, problem } = tryValidate(module, featuresOf(options));
  if (options.wat === true) {
    const { folded = false, offsets = false } = options;
    const wat = printWat(module, { folded, offsets });
    if (options.json !== true) context.out(wat);
    if (problem !== undefined) return context.fail(new FileError(file, problem), { file, wat });
    if (options.json === true) context.out(JSON.stringify({ file, wat }));
    return ExitCode.good;
  }
  if (valid !== undefined && options.asyncifyVerbose === true)
    for (const line of verboseLines(valid, asyncifySettings(options))) context.note(line);
  const info = await collect(file, module, valid, options);
  if (options.json !== true) printAll(info, context.out);
  // What is invalid is shown as far as it goes.
  if (problem !== undefined) return context.fail(new FileError(file, problem), info);
  if (options.json === true) context.out(JSON.stringify(info));
  return (info.crossCheck ?? { outcome: "agree" }).outcome === "agree"
    ? ExitCode.good
    : ExitCode.finding;
}

function tryValidate(
  module: Module,
  features: FeatureSet,
): { valid?: ValidModule; problem?: unknown } {
  try {
    return { valid: validated(module, { features }) };
  } catch (problem) {
    return { problem };
  }
}

interface Info {
  readonly file: string;
  readonly size: number;
  readonly name?: string;
  readonly start?: number;
  readonly sections?: readonly data.SectionInfo[];
  readonly imports?: readonly data.ImportInfo[];
  readonly exports?: readonly data.ExportInfo[];
  readonly functions?: readonly data.FunctionInfo[];
  readonly roles?: readonly RoleInfo[];
  /** What Binaryen would warn of. */
  readonly warnings?: readonly string[];
  readonly sites?: readonly FunctionSites[];
  readonly bodies?: readonly data.BodyInfo[];
  readonly crossCheck?: CrossCheck;
}

async function collect(
  file: string,
  module: Module,
  valid: ValidModule | undefined,
  options: InspectOptions,
): Promise<Info> {
  const { disassemble } = options;
  const summary = !(
    options.sections === true ||
    options.functions === true ||
    options.roles === true ||
    options.sites === true ||
    options.crossCheck === true ||
    disassemble !== undefined
  );
  const indices =
    typeof disassemble === "string" ? [findFunction(module, operand(disassemble))] : undefined;
  return {
    file,
    size: module.bytes.length,
    ...(module.names.module === undefined ? {} : { name: module.names.module }),
    ...(module.start === undefined ? {} : { start: module.start }),
    ...(summary || options.sections === true ? { sections: data.sectionsOf(module) } : {}),
    ...(summary ? { imports: data.importInfos(module), exports: data.exportInfos(module) } : {}),
    ...(summary || options.functions === true ? { functions: data.functionInfos(module) } : {}),
    ...(valid !== undefined && options.roles === true ? rolesInfo(valid, options) : {}),
    ...(valid !== undefined && options.sites === true ? sitesInfo(valid, options) : {}),
    ...(disassemble === undefined ? {} : { bodies: data.bodyInfos(module, indices) }),
    ...(options.crossCheck === true ? { crossCheck: await crossCheck(module.bytes) } : {}),
  };
}

/** The other decoder is fifty files: who does not ask for it does not wait for it. */
async function crossCheck(bytes: Uint8Array): Promise<CrossCheck> {
  return (await import("../ast/cross-check.js")).crossCheck(bytes);
}

function printAll(info: Info, out: (line: string) => void): void {
  const { sections, imports, exports, functions } = info;
  const blocks: string[][] = [[printable(headline(info))]];
  if (sections) blocks.push(["Sections", ...sectionTable(sections)]);
  if (imports) blocks.push(["Imports", ...importTable(imports)]);
  if (exports) blocks.push(["Exports", ...exportTable(exports)]);
  if (functions) blocks.push(["Functions", ...functionTable(functions)]);
  if (info.roles) blocks.push(...roleTables(info.roles, info.warnings ?? []));
  if (info.sites) blocks.push(siteTable(info.sites));
  for (const body of info.bodies ?? []) blocks.push(bodyLines(body));
  if (info.crossCheck) blocks.push(crossCheckTable(info.crossCheck));
  blocks.forEach((lines, i) => {
    if (i > 0) out("");
    lines.forEach(out);
  });
}

function headline({ file, size, name, start }: Info): string {
  const parts = [`${size} bytes`];
  if (name !== undefined) parts.push(`module ${name}`);
  if (start !== undefined) parts.push(`starts with function ${start}`);
  return `${file}: ${parts.join(", ")}`;
}

const orNone = (rows: string[], any: boolean): string[] => (any ? rows : ["  none"]);

const sectionTable = (sections: readonly data.SectionInfo[]): string[] =>
  columns(
    [
      ["section", "offset", "bytes"],
      ...sections.map(({ name, offset, size }) => [name, hex(offset, 4), String(size)]),
    ],
    ["left", "right", "right"],
  );

const importTable = (imports: readonly data.ImportInfo[]): string[] =>
  orNone(
    columns(
      imports.map((i) => [i.kind, String(i.index), `${i.module}.${i.name}`, i.type]),
      ["left", "right"],
    ),
    imports.length > 0,
  );

const exportTable = (exports: readonly data.ExportInfo[]): string[] =>
  orNone(
    columns(
      exports.map((e) => [e.kind, String(e.index), e.name, e.type]),
      ["left", "right"],
    ),
    exports.length > 0,
  );

const functionTable = (functions: readonly data.FunctionInfo[]): string[] =>
  orNone(
    columns(
      [
        ["index", "offset", "bytes", "name", "type"],
        ...functions.map(({ index, offset, size, name, type }) => [
          String(index),
          offset === undefined ? "import" : hex(offset, 4),
          size === undefined ? "" : String(size),
          name,
          type,
        ]),
      ],
      ["right", "right", "right"],
    ),
    functions.length > 0,
  );

function bodyLines({ index, name, instructions }: data.BodyInfo): string[] {
  const rows = instructions.map(
    ({ offset, depth, text }) => `  ${hex(offset, 4)}  ${"  ".repeat(depth)}${printable(text)}`,
  );
  return [`Function ${index} ${printable(name)}`, ...rows];
}
