// The official suite as files: the archive (a .tar.gz), an unpacked folder, or one
// script in JSON beside its modules. A manifest, where there is one, tells the groups.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseTar } from "nanotar";
import type { Command } from "../script/script.js";
import { InputError } from "./failure.js";
import { fileReason } from "./input.js";

export interface SuiteScript {
  /** `call.wast`; proposals have a folder. */
  readonly file: string;
  readonly group: string;
  readonly commands: readonly Command[];
  /** The bytes of a module that the script names. */
  readonly read: (filename: string) => Uint8Array;
}

interface ManifestEntry {
  readonly file: string;
  readonly group: string;
  readonly json: string;
}

/** Files by path, wherever they lie. */
interface Files {
  readonly paths: readonly string[];
  read(path: string): Uint8Array | undefined;
}

/** @throws InputError */
export function loadSuite(path: string): SuiteScript[] {
  let files: Files;
  try {
    files = open(path);
  } catch (error) {
    throw error instanceof InputError ? error : new InputError(fileReason(error));
  }
  const manifest = files.paths.find((name) => basename(name) === "manifest.json");
  const entries: ManifestEntry[] =
    manifest === undefined
      ? files.paths
          .filter((name) => name.endsWith(".json"))
          .map((json) => ({ file: basename(json, ".json"), group: "scripts", json }))
      : (parse(files, manifest) as ManifestEntry[]).map((entry) => ({
          ...entry,
          json: join(dirname(manifest), entry.json),
        }));
  if (entries.length === 0)
    throw new InputError("holds no script of the suite (JSON as wast2json writes it)");
  return entries.map((entry) => scriptOf(files, entry));
}

function scriptOf(files: Files, { file, group, json }: ManifestEntry): SuiteScript {
  const script = parse(files, json) as { commands?: Command[]; source_filename?: string };
  if (!Array.isArray(script.commands))
    throw new InputError(`${json} is no script of the suite: it has no commands`);
  return {
    file: script.source_filename ?? file,
    group,
    commands: script.commands,
    read(filename) {
      const bytes = files.read(join(dirname(json), filename));
      if (bytes === undefined)
        throw new InputError(`${json} names ${filename}, which is not there`);
      return bytes;
    },
  };
}

function parse(files: Files, path: string): unknown {
  const bytes = files.read(path);
  if (bytes === undefined) throw new InputError(`${path} is not there`);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new InputError(`${path} is no JSON`);
  }
}

function open(path: string): Files {
  if (!statSync(path).isDirectory()) {
    if (!path.endsWith(".json")) return archive(readFileSync(path));
    return { ...folder(dirname(path)), paths: [basename(path)] };
  }
  const found = folder(path);
  // A folder that holds the archive is as good as the archive.
  const packed = found.paths.filter((name) => name.endsWith(".tar.gz"));
  const unpacked = found.paths.some((name) => name.endsWith(".json"));
  return !unpacked && packed.length === 1 ? archive(found.read(packed[0]!)!) : found;
}

function folder(root: string): Files {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) =>
    name.split(sep).join("/"),
  );
  return {
    paths,
    read(path) {
      try {
        return readFileSync(join(root, path));
      } catch {
        return undefined;
      }
    },
  };
}

function archive(bytes: Uint8Array): Files {
  const files = new Map<string, Uint8Array>();
  try {
    for (const { name, data, type } of parseTar(gunzipSync(bytes))) {
      // An empty file has no data.
      if (type !== "directory") files.set(join(name), data ?? new Uint8Array());
    }
  } catch (error) {
    throw new InputError(`is no .tar.gz archive: ${String(error)}`);
  }
  return { paths: [...files.keys()], read: (path) => files.get(join(path)) };
}
