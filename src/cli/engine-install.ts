// Engines that npm has, brought into a folder of the user's own, each in its pinned
// version. A project's own packages are never touched.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { UsageError } from "../util/errors.js";

export interface NpmPackage {
  readonly package: string;
  /** Exact. */
  readonly version: string;
  /** The command that it has. */
  readonly bin: string;
}

/** `$XDG_CACHE_HOME/bobbin/engines`, or where the system has its caches. */
function enginesFolder(): string {
  const { env, platform } = process;
  const caches =
    env["XDG_CACHE_HOME"] ||
    (platform === "win32" ? env["LOCALAPPDATA"] : undefined) ||
    join(homedir(), platform === "darwin" ? "Library/Caches" : ".cache");
  return join(caches, "bobbin", "engines");
}

const folderOf = ({ package: name, version }: NpmPackage): string =>
  join(enginesFolder(), `${name}-${version}`);
/** Written last: a folder without it is one that was not finished. */
const DONE = "installed";

/** Undefined where it is not installed. */
export function installedProgram(npm: NpmPackage | undefined): string | undefined {
  if (npm === undefined) return undefined;
  const folder = folderOf(npm);
  const suffix = process.platform === "win32" ? ".cmd" : "";
  return existsSync(join(folder, DONE))
    ? join(folder, "node_modules", ".bin", npm.bin + suffix)
    : undefined;
}

/**
 * Does nothing where it is installed already.
 * @throws UsageError where npm fails
 */
export async function install(npm: NpmPackage, tell: (text: string) => void): Promise<void> {
  if (installedProgram(npm) !== undefined) return;
  const folder = folderOf(npm);
  const wanted = `${npm.package}@${npm.version}`;
  tell(`installing ${wanted} in ${folder}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // npm takes the nearest folder that has one of these.
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  await runNpm(folder, ["install", wanted, "--save-exact", "--no-audit", "--no-fund"]);
  writeFileSync(join(folder, DONE), `${wanted}\n`);
}

async function runNpm(folder: string, args: readonly string[]): Promise<void> {
  const child = spawn("npm", [...args, "--prefix", folder], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2000)));
  const end = () => child.kill();
  process.once("exit", end);
  const how = await new Promise<string | null>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (status, signal) =>
      resolve(status === 0 ? null : `ended with ${signal ?? status}`),
    );
  });
  process.off("exit", end);
  if (how !== null) throw new UsageError(`npm ${args.join(" ")}: ${how}\n${said.trim()}`);
}
