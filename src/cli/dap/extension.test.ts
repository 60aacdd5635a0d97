// The extension for VS Code (editors/vscode): what it offers is what the adapter takes, and it
// finds the adapter. VS Code itself is played by an object.

import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { Command } from "commander";
import { ASYNCIFY_OPTIONS } from "../../fiber/asyncify/options.js";
import { debugOperands } from "../debug.js";
import { argumentsOf, OWN } from "./launch.js";

const folder = fileURLToPath(new URL("../../../editors/vscode/", import.meta.url));
const manifest = JSON.parse(readFileSync(`${folder}package.json`, "utf8")) as {
  readonly main: string;
  readonly contributes: {
    readonly breakpoints: readonly { readonly language: string }[];
    readonly debuggers: readonly {
      readonly type: string;
      readonly languages: readonly string[];
      readonly initialConfigurations: readonly object[];
      readonly configurationSnippets: readonly { readonly body: object }[];
      readonly configurationAttributes: {
        readonly launch: { readonly properties: Readonly<Record<string, Property>> };
      };
    }[];
  };
};
interface Property {
  readonly type: string | readonly string[];
  readonly enum?: readonly string[];
}
const debug = manifest.contributes.debuggers[0]!;
const { properties } = debug.configurationAttributes.launch;
const options = debugOperands(new Command()).options.filter((option) => !option.hidden);

test("the launch configuration has the options of bobbin debug, and its own", () => {
  const own = OWN.filter((name) => name !== "noDebug");
  const names = [...own, ...options.map((option) => option.attributeName())];
  expect(Object.keys(properties).sort()).toEqual(names.sort());
});

test("values of the types that it names are taken, and mean the option", () => {
  const lists = ASYNCIFY_OPTIONS.filter(({ kind }) => kind === "list").map(
    ({ name }) => `--${name}`,
  );
  for (const option of options) {
    const name = option.attributeName();
    const flag = option.long!;
    const { type, enum: choices } = properties[name]!;
    const given = (value: unknown) => argumentsOf({ [name]: value }, () => undefined);
    if (type === "boolean") {
      expect(given(!option.negate)).toEqual([flag]);
      expect(given(option.negate)).toEqual([]);
    }
    if (type === "integer") expect(given(5)).toEqual([`${flag}=5`]);
    if (choices !== undefined) expect(choices).toEqual(option.argChoices);
    if (type === "string")
      expect(given(choices?.[0] ?? "x")).toEqual([`${flag}=${choices?.[0] ?? "x"}`]);
    if (!Array.isArray(type)) continue;
    const one = lists.includes(flag);
    expect(given(["a", "b"])).toEqual(one ? [`${flag}=a,b`] : [flag, "a", flag, "b"]);
  }
});

test("a member that is nearly an option is told", () => {
  const told: string[] = [];
  argumentsOf({ stubImport: true, preLaunchTask: "build" } as object, (line) => told.push(line));
  expect(told).toEqual(["launch configuration: unknown stubImport: did you mean stubImports?"]);
});

interface Descriptor {
  readonly command: string;
  readonly args: readonly string[];
  readonly options: object;
}
interface Extension {
  activate(context: { readonly subscriptions: unknown[] }): void;
}

/** Loads the extension with a VS Code of settings and an open file; returns what it registers. */
function activated(settings: Readonly<Record<string, string>>, open?: string) {
  const registered: {
    factory?: { createDebugAdapterDescriptor(session: object): Descriptor };
    provider?: {
      resolveDebugConfiguration(folder: object | undefined, config: object): object | null;
    };
  } = {};
  const vscode = {
    debug: {
      registerDebugAdapterDescriptorFactory: (type: string, factory: never) => {
        expect(type).toBe(debug.type);
        registered.factory = factory;
      },
      registerDebugConfigurationProvider: (_type: string, provider: never) => {
        registered.provider = provider;
      },
    },
    window: { activeTextEditor: open && { document: { fileName: open } } },
    workspace: { getConfiguration: () => ({ get: (name: string) => settings[name] ?? "" }) },
    DebugAdapterExecutable: class {
      constructor(
        readonly command: string,
        readonly args: readonly string[],
        readonly options: object,
      ) {}
    },
  };
  const module: { exports: Partial<Extension> } = { exports: {} };
  const require = createRequire(folder);
  const load = (name: string): unknown => (name === "vscode" ? vscode : require(name));
  const source = readFileSync(join(folder, manifest.main), "utf8");
  // oxlint-disable-next-line typescript/no-implied-eval -- as Node loads a CommonJS module
  const body = new Function("require", "module", "exports", source) as (...args: unknown[]) => void;
  body(load, module, module.exports);
  module.exports.activate!({ subscriptions: [] });
  return registered as Required<typeof registered>;
}

const started = (at: string | undefined, settings = {}): Descriptor =>
  activated(settings).factory.createDebugAdapterDescriptor({
    workspaceFolder: at && { uri: { fsPath: at } },
  });

test("it starts the bobbin of the workspace, or the one of the settings", () => {
  const workspace = mkdtempSync(join(tmpdir(), "bobbin-vscode-"));
  expect(() => started(workspace)).toThrow(/npm install --save-dev bobbin/);
  const installed = join(workspace, "node_modules/bobbin/dist/cli.js");
  mkdirSync(dirname(installed), { recursive: true });
  writeFileSync(installed, "");
  expect(started(workspace)).toEqual({ command: "node", args: [installed, "dap"], options: { cwd: workspace } }); // prettier-ignore
  const settings = { path: "/opt/bobbin/dist/cli.js", node: "/opt/node" };
  expect(started(undefined, settings)).toEqual({ command: settings.node, args: [settings.path, "dap"], options: {} }); // prettier-ignore
});

test("without a configuration, the program that is open", () => {
  const resolve = (file: string | undefined, config = {}) =>
    activated({}, file).provider.resolveDebugConfiguration(undefined, config);
  expect(resolve("/a/b.wat")).toMatchObject({
    type: "bobbin",
    request: "launch",
    program: "/a/b.wat",
  });
  expect(resolve("/a/b.md")).toBeNull();
  const config = { type: "bobbin", request: "launch", name: "x" };
  expect(resolve("/a/b.md", config)).toBe(config);
});

test("snippets use members that there are", () => {
  const bodies = [
    ...debug.initialConfigurations,
    ...debug.configurationSnippets.map(({ body }) => body),
  ];
  for (const body of bodies)
    for (const name of Object.keys(body))
      expect(["type", "request", "name", ...Object.keys(properties)]).toContain(name);
});
