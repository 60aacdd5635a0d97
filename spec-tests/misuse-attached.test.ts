// The programs of fixtures/misuse, run by nobody of Bobbin's: their hosts drive them through
// the object `WebAssembly`, to which the checker is attached. It must say the same as
// `bobbin check`, which wraps host and exports.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { Command } from "commander";
import { invokeAs, stubImports } from "../src/compare/host.js";
import { loadHostScript } from "../src/cli/host-file.js";
import { type AsyncifyFlags, asyncifyOptions, asyncifySettings } from "../src/cli/options.js";
import { bobbin } from "../src/cli/testing.js";
import { decode } from "../src/binary/decode.js";
import { makeWebAssembly } from "../src/js-api.js";
import { InstanceChecker } from "../src/observe/check/instances.js";
import type { Finding } from "../src/observe/check/finding.js";

interface Run {
  readonly argv: readonly string[];
  readonly file?: string;
  readonly twins?: readonly string[];
  readonly options?: readonly string[];
}
interface Case extends Run {
  readonly file: string;
  readonly options: readonly string[];
  readonly near: Run;
}

const folder = fileURLToPath(new URL("../fixtures/misuse/", import.meta.url));
const { cases } = JSON.parse(readFileSync(`${folder}manifest.json`, "utf8")) as { cases: Case[] };

interface Flags extends AsyncifyFlags {
  readonly invoke?: string;
  readonly host?: string;
  readonly stubImports?: boolean;
}

const inFolder = (argv: readonly string[]): string[] =>
  argv.map((arg) => (arg.startsWith("hosts/") ? folder + arg : arg));

function parse(argv: readonly string[]) {
  const command = asyncifyOptions(
    new Command().argument("[args...]").option("--invoke <name>").option("--host <file>"),
  ).option("--stub-imports");
  command.parse(inFolder(argv), { from: "user" });
  return { flags: command.opts<Flags>(), args: command.args.map(Number) };
}

/** What the hosts' glue would do on any engine. */
async function attached(file: string, argv: readonly string[]) {
  const { flags, args } = parse(argv);
  const checker = new InstanceChecker(() => undefined);
  const object = makeWebAssembly({
    asyncify: asyncifySettings(flags),
    attachments: [checker],
    maxNesting: 200,
  });
  const bytes = new Uint8Array(readFileSync(folder + file));
  const script = flags.host === undefined ? null : await loadHostScript(flags.host);
  const host =
    (await script?.({
      log: () => undefined,
      suspending: (func) => new object.Suspending(func),
      promising: (func) => object.promising(func),
    })) ?? {};
  const given = host.imports ?? {};
  const imports = flags.stubImports === true ? stubImports(decode(bytes), given) : given;
  try {
    const { instance } = await object.instantiate(bytes, imports);
    await invokeAs(host, instance, flags.invoke ?? "main", args);
  } catch {
    // That it fails is what some of them are about.
  }
  checker.finish();
  return checker.instances.flatMap(({ findings }) => findings);
}

async function commanded(file: string, argv: readonly string[]): Promise<readonly Finding[]> {
  const { stdout } = await bobbin(["check", folder + file, ...inFolder(argv), "--once", "--json"]);
  const last = stdout.trim().split("\n").at(-1)!;
  return (JSON.parse(last) as { findings: Finding[] }).findings;
}

const told = (findings: readonly Finding[]) =>
  findings.map(({ code, message, event, where, count }) => ({
    code,
    message,
    event,
    where,
    count,
  }));

/** All runs that a host drives, or the module itself. */
const runs = cases.flatMap(({ file, options, near, ...own }) =>
  [
    { file, options, ...own },
    { file, options, ...near },
  ].flatMap(({ file: plain, twins = [], argv, options: some }) => [
    { file: plain, argv: [...argv, ...some] },
    ...twins.map((twin) => ({
      file: twin,
      argv: [...argv, ...some.filter((o) => o === "--stub-imports")],
    })),
  ]),
);
const executed = runs.filter(({ argv }) => !argv.includes("--static"));
const distinct = [...new Map(executed.map((run) => [JSON.stringify(run), run])).values()];

let found = 0;
test.each(distinct.map((run) => [`${run.file} ${run.argv.join(" ")}`, run] as const))(
  "%s",
  async (_name, { file, argv }) => {
    const findings = await attached(file, argv);
    found += findings.length;
    expect(told(findings)).toEqual(told(await commanded(file, argv)));
  },
);

test("there was much to find, and much that is right", () => {
  expect(distinct.length).toBeGreaterThan(150);
  expect(found).toBeGreaterThan(90);
});
