// The official suite as files: an archive (a .tar.gz), a folder, or one script, in text
// (.wast) or in JSON beside its modules. A manifest, where there is one, tells the groups;
// else folders do that have the name of a proposal.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, extname, join, sep } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseTar } from "nanotar";
import type { Command } from "../script/commands.js";
import { groupOfPath } from "../script/groups.js";
import { parseWast, type WastScript } from "../script/wast.js";
import { decodeUtf8 } from "../util/utf8.js";
import { FileError, InputError } from "./failure.js";
import { fileReason } from "./input.js";

export interface SuiteScript {
  /** `call.wast`; proposals have a folder. */
  readonly file: string;
  readonly group: string;
  /** @throws FileError where the script cannot be read, or is none */
  readonly load: () => LoadedScript;
}

export interface LoadedScript extends WastScript {
  /** The script that the JSON was made of, if it says. */
  readonly source?: string;
}

interface ManifestEntry {
  readonly file: string;
  readonly group: string;
  readonly json: string;
}

interface JsonScript {
  readonly source_filename: string;
  readonly commands: readonly Command[];
}

/** Files by path, wherever they lie. */
interface Files {
  /** What to put before a path to tell a person. */
  readonly root: string;
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
  const scripts = scriptsOf(files);
  if (scripts.length === 0)
    throw new InputError("holds no script of the suite: .wast, or JSON as wast2json writes it");
  return scripts;
}

function scriptsOf(files: Files): SuiteScript[] {
  const manifest = files.paths.find((name) => basename(name) === "manifest.json");
  if (manifest !== undefined) {
    const entries = parseJson(files, manifest) as ManifestEntry[];
    return entries.map(({ file, group, json }) =>
      jsonScript(files, join(dirname(manifest), json), file, group),
    );
  }
  return files.paths
    .filter((name) => name.endsWith(".wast") || name.endsWith(".json"))
    .sort()
    .map((name) => {
      const group = groupOfPath([...files.root.split(/[\\/]/), ...name.split("/")]);
      return name.endsWith(".wast")
        ? wastScript(files, name, group)
        : jsonScript(files, name, name, group);
    });
}

function wastScript(files: Files, file: string, group: string): SuiteScript {
  return {
    file,
    group,
    load: () =>
      within(files, file, () => {
        const bytes = bytesOf(files, file);
        const source = decodeUtf8(bytes, 0, bytes.length);
        if (source === undefined) throw new InputError("is not UTF-8");
        return parseWast(source.replace(/^\uFEFF/, ""), basename(file, ".wast"));
      }),
  };
}

function jsonScript(files: Files, json: string, file: string, group: string): SuiteScript {
  return {
    file,
    group,
    load: () =>
      within(files, json, () => {
        const { commands, source_filename: source } = parseJson(files, json) as Partial<JsonScript>;
        if (!Array.isArray(commands))
          throw new InputError("is no script of the suite: it has no commands");
        const read = (filename: string) => {
          const bytes = files.read(join(dirname(json), filename));
          if (bytes === undefined)
            throw new InputError(`${json} names ${filename}, which is not there`);
          return bytes;
        };
        return { commands, read, ...(source === undefined ? {} : { source }) };
      }),
  };
}

/** Errors are about the script's own file. */
function within<T>(files: Files, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof FileError ? error : new FileError(join(files.root, path), error);
  }
}

function bytesOf(files: Files, path: string): Uint8Array {
  const bytes = files.read(path);
  if (bytes === undefined) throw new InputError("is not there");
  return bytes;
}

function parseJson(files: Files, path: string): unknown {
  return within(files, path, () => {
    const text = new TextDecoder().decode(bytesOf(files, path));
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new InputError("is no JSON");
    }
  });
}

function open(path: string): Files {
  if (!statSync(path).isDirectory()) {
    if (![".json", ".wast"].includes(extname(path))) return archive(readFileSync(path), path);
    return { ...folder(dirname(path)), paths: [basename(path)] };
  }
  const found = folder(path);
  // A folder that holds the archive is as good as the archive.
  const packed = found.paths.filter((name) => name.endsWith(".tar.gz"));
  const unpacked = found.paths.some((name) => /\.(?:json|wast)$/.test(name));
  return !unpacked && packed.length === 1
    ? archive(found.read(packed[0]!)!, join(path, packed[0]!))
    : found;
}

function folder(root: string): Files {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) =>
    name.split(sep).join("/"),
  );
  return {
    root,
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

function archive(bytes: Uint8Array, root: string): Files {
  const files = new Map<string, Uint8Array>();
  try {
    for (const { name, data, type } of parseTar(gunzipSync(bytes))) {
      // An empty file has no data.
      if (type !== "directory") files.set(join(name), data ?? new Uint8Array());
    }
  } catch (error) {
    const { message } = error as Error;
    throw new InputError(`is neither a script of the suite nor a .tar.gz archive: ${message}`);
  }
  return { root, paths: [...files.keys()], read: (path) => files.get(join(path)) };
}
