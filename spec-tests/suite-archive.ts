// The official suite, from the archive that lies beside a developer's checkout. It is
// not part of the project: where it is missing, tests that need it say so.

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { parseTar } from "nanotar";
import type { Command } from "../src/script/script.js";

/** Beside the checkout, or where BOBBIN_SPEC_SUITE says. */
export const ARCHIVE =
  process.env["BOBBIN_SPEC_SUITE"] ??
  fileURLToPath(new URL("../../shared/spec-suite/json.tar.gz", import.meta.url));

export interface SuiteScript {
  /** `call.wast`; proposals have a folder. */
  readonly file: string;
  readonly group: string;
  readonly commands: readonly Command[];
  readonly read: (filename: string) => Uint8Array;
}

/** All scripts by group, or null where there is no archive. */
export function loadSuite(path = ARCHIVE): SuiteScript[] | null {
  if (!existsSync(path)) return null;
  const files = new Map<string, Uint8Array>();
  for (const { name, data } of parseTar(gunzipSync(readFileSync(path)))) {
    files.set(name.replace(/^(\.\/)?json\//, ""), data ?? new Uint8Array());
  }
  const json = (name: string): unknown => JSON.parse(new TextDecoder().decode(files.get(name)));
  const manifest = json("manifest.json") as { file: string; group: string; json: string }[];
  return manifest.map(({ file, group, json: name }) => {
    const folder = name.slice(0, name.lastIndexOf("/") + 1);
    return {
      file,
      group,
      commands: (json(name) as { commands: Command[] }).commands,
      read: (filename) => {
        const bytes = files.get(folder + filename);
        if (bytes === undefined)
          throw new Error(`${file} names ${filename}, which the archive lacks`);
        return bytes;
      },
    };
  });
}
