// Which program runs this, and which engine is in it.

import process from "node:process";

/** `node 24.1.0, v8 13.6.233`. */
export function hostVersion(): string {
  const versions: Readonly<Record<string, string | undefined>> = process.versions;
  // Deno and Bun call themselves a Node as well, and Bun a V8.
  const program = ["deno", "bun", "node"].find((name) => versions[name] !== undefined) ?? "?";
  const parts = [program, program === "bun" ? "webkit" : "v8"];
  // WebKit's is a commit.
  const version = (name: string) =>
    (versions[name] ?? "?").replace(/^([\da-f]{12})[\da-f]{28}$/, "$1");
  return parts.map((name) => `${name} ${version(name)}`).join(", ");
}
