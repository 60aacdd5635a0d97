// The engines that Bobbin knows: what is in them, where they are found, and how they are
// started. `docs/engines.md` tells people the same.

import { accessSync, constants, readdirSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { UsageError } from "../util/errors.js";
import { installedProgram, type NpmPackage } from "./engine-install.js";
import type { Profile } from "./page-door.js";

export interface EngineKind {
  readonly name: string;
  /** What runs modules in it. */
  readonly inside: string;
  /** Part of `all`. */
  readonly listed: boolean;
  /** `wabt` has no JavaScript: it is given programs in a form of their own. */
  readonly runs: "worker" | "page" | "interpreter";
  /** Names to search in PATH, or paths; one `*` stands for any folder. */
  readonly programs: readonly string[];
  readonly npm?: NpmPackage;
  /** How to get it where npm has it not. */
  readonly hint: string;
  /** The command, before the worker's script or the page's address. */
  command(program: string): readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly profile?: Profile;
}

const NODE_ARGS = ["--disable-warning=ExperimentalWarning"];
const node = (program: string): readonly string[] => [program, ...NODE_ARGS];

const CHROMIUM = [
  "--headless",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-extensions",
  // Root has no sandbox to offer.
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];

/** No questions, no pages of its own, no calls home, and scripts may run for long. */
const FIREFOX_PREFS = {
  "app.normandy.enabled": false,
  "app.update.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "datareporting.policy.dataSubmissionEnabled": false,
  "dom.max_script_run_time": 0,
  "extensions.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,",
  "toolkit.telemetry.enabled": false,
  "toolkit.telemetry.unified": false,
} as const;
const firefoxProfile: Profile = (folder) => {
  const lines = Object.entries(FIREFOX_PREFS).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
  );
  writeFileSync(join(folder, "user.js"), lines.join(""));
  return ["--profile", folder];
};

const withDisplay = (program: string): readonly string[] =>
  process.env["DISPLAY"] === undefined && process.env["WAYLAND_DISPLAY"] === undefined
    ? ["xvfb-run", "--auto-servernum", program]
    : [program];

/** In the order of `all`. */
const engineKinds: readonly EngineKind[] = [
  {
    name: "host",
    inside: "V8",
    listed: true,
    runs: "worker",
    programs: [process.execPath],
    hint: "",
    command: node,
  },
  {
    name: "node",
    inside: "V8",
    // Most often the host again.
    listed: false,
    runs: "worker",
    programs: ["node"],
    hint: "give its path: node:/PATH",
    command: node,
  },
  {
    name: "node24",
    inside: "V8",
    listed: true,
    runs: "worker",
    programs: [],
    npm: { package: "node", version: "24.21.0", bin: "node" },
    hint: "",
    command: node,
  },
  {
    name: "node26",
    inside: "V8",
    listed: true,
    runs: "worker",
    programs: [],
    npm: { package: "node", version: "26.10.0", bin: "node" },
    hint: "",
    command: node,
  },
  {
    name: "deno",
    inside: "V8",
    listed: true,
    runs: "worker",
    programs: ["deno"],
    npm: { package: "deno", version: "2.9.6", bin: "deno" },
    hint: "",
    command: (program) => [program, "run", "--allow-all", "--no-config"],
    env: { DENO_NO_UPDATE_CHECK: "1" },
  },
  {
    name: "bun",
    inside: "JavaScriptCore",
    listed: true,
    runs: "worker",
    programs: ["bun"],
    npm: { package: "bun", version: "1.4.5", bin: "bun" },
    hint: "",
    command: (program) => [program, "run"],
    // Without it there are no 64-bit memories and tables.
    env: { BUN_JSC_useWasmMemory64: "1" },
  },
  {
    name: "chromium",
    inside: "V8",
    listed: true,
    runs: "page",
    programs: [
      "chromium",
      "chromium-browser",
      "google-chrome",
      "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ],
    hint: "install chromium, or give its path: chromium:/PATH",
    command: (program) => [program, ...CHROMIUM],
    profile: (folder) => [`--user-data-dir=${folder}`],
  },
  {
    name: "firefox",
    inside: "SpiderMonkey",
    listed: true,
    runs: "page",
    programs: ["firefox-esr", "firefox", "/Applications/Firefox.app/Contents/MacOS/firefox"],
    hint: "install firefox, or give its path: firefox:/PATH",
    command: (program) => [program, "--headless", "--no-remote"],
    env: { MOZ_CRASHREPORTER_DISABLE: "1" },
    profile: firefoxProfile,
  },
  {
    name: "webkit",
    inside: "JavaScriptCore",
    listed: true,
    runs: "page",
    programs: [
      "MiniBrowser",
      "/usr/lib/*/webkitgtk-6.0/MiniBrowser",
      "/usr/lib/*/webkit2gtk-4.1/MiniBrowser",
      "/usr/lib/*/webkit2gtk-4.0/MiniBrowser",
    ],
    hint: "install WebKitGTK's MiniBrowser (webkit2gtk-driver; xvfb where there is no display), or give its path: webkit:/PATH",
    command: withDisplay,
    profile: () => ["--private"],
  },
  {
    name: "wabt",
    inside: "wabt's interpreter",
    listed: true,
    runs: "interpreter",
    programs: ["wasm-interp"],
    npm: { package: "wabt", version: "1.0.39", bin: "wasm-interp" },
    hint: "",
    command: (program) => [program],
  },
];

/** The engine of this very process. */
export const HOST_ENGINE = "host";
/** Also by what it is. */
export const isHostEngine = (name: string): boolean => name === HOST_ENGINE || name === "v8";
/** As help and errors list them. */
export const engineNames = engineKinds.map(({ name }) => name).join(", ");

export interface FoundEngine {
  readonly kind: EngineKind;
  /** The program, or why there is none. */
  readonly program: { readonly path: string } | { readonly missing: string };
  /** It was asked for by its name, not as one of all. */
  readonly named: boolean;
}

/**
 * @param text names between commas, each with a colon and a path where that is to be
 *   taken; or `all`
 * @throws UsageError where a name is none of them
 */
export function findEngines(text: string): FoundEngine[] {
  const names = text.split(",").filter(Boolean);
  if (names.length === 0) throw new UsageError(`no engine named: expected all, or ${engineNames}`);
  return names.flatMap((name) =>
    name === "all"
      ? engineKinds.filter(({ listed }) => listed).map((kind) => find(kind, false))
      : [findEngine(name)],
  );
}

/** @throws UsageError where the name is none */
export function findEngine(text: string): FoundEngine {
  const colon = text.indexOf(":");
  const given = colon < 0 ? text : text.slice(0, colon);
  const name = isHostEngine(given) ? HOST_ENGINE : given;
  const kind = engineKinds.find((known) => known.name === name);
  if (kind === undefined || text.endsWith(":"))
    throw new UsageError(
      `unknown engine ${text}: expected ${engineNames}, with :PATH after it where it is not to be searched`,
    );
  return colon < 0
    ? find(kind, true)
    : { kind, program: { path: text.slice(colon + 1) }, named: true };
}

function find(kind: EngineKind, named: boolean): FoundEngine {
  const path = installedProgram(kind.npm) ?? firstProgram(kind.programs);
  const [wrapper] = path === undefined ? [] : kind.command(path);
  const hint = kind.npm === undefined ? kind.hint : `bobbin engines --install ${kind.name}`;
  const program =
    path === undefined
      ? { missing: `not found: ${hint}` }
      : wrapper !== path && firstProgram([wrapper!]) === undefined
        ? { missing: `${path} needs ${wrapper}, which is not found` }
        : { path };
  return { kind, program, named };
}

function firstProgram(names: readonly string[]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  const suffix = process.platform === "win32" ? ".exe" : "";
  return names
    .flatMap((name) =>
      /[/\\]/.test(name) ? expand(name) : folders.map((folder) => join(folder, name + suffix)),
    )
    .find(isProgram);
}

function expand(pattern: string): string[] {
  const [before, after] = pattern.split("*");
  if (after === undefined) return [pattern];
  try {
    return readdirSync(before!).map((folder) => before! + folder + after);
  } catch {
    return [];
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
