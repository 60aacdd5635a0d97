// The source map that a module names: a file beside it, or in the URL itself. Nothing is
// fetched from a network, and a map that is not there is none.

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** @param file the module's, beside which relative URLs are looked for */
export function sourceMapText(file: string, url: string): string | undefined {
  try {
    const data = /^data:[^,]*?(;base64)?,/i.exec(url);
    if (data !== null) {
      const rest = url.slice(data[0].length);
      return data[1] === undefined
        ? decodeURIComponent(rest)
        : Buffer.from(rest, "base64").toString("utf8");
    }
    return readFileSync(pathOf(file, url), "utf8");
  } catch {
    return undefined;
  }
}

/** Of what is on a server, a copy may lie beside the module. */
function pathOf(file: string, url: string): string {
  if (/^file:/i.test(url)) return fileURLToPath(url);
  const path = /^[a-z][\w+.-]+:\/\//i.test(url) ? url.slice(url.lastIndexOf("/") + 1) : url;
  return resolve(dirname(file), path.replace(/[?#].*$/, ""));
}
