// The ratchet file results.txt: tests of each file, how many pass on Bobbin and on each V8 that
// was asked, and below a file the tests that fail on Bobbin, with the reason.

import { readFileSync, writeFileSync } from "node:fs";

const FILE = new URL("results.txt", import.meta.url);
const HEAD = `# The web-platform-tests of wasm/jsapi, by file: tests, and how many pass on Bobbin and on V8;
# under a file the tests that fail on Bobbin, and why. Written by \`run.mjs --record\`, the reasons by hand.
`;

export const passed = (results) => results.filter(({ failure }) => failure === null).length;

/** @returns { columns, files }: by file, { counts, failures }, counts by column */
export function readResults() {
  const files = new Map();
  let columns = [];
  let last;
  for (const line of readFileSync(FILE, "utf8").split("\n")) {
    const failed = /^ {2}(.+?) -- (.*)$/.exec(line);
    if (failed !== null) last.failures.set(failed[1], failed[2]);
    else if (line.startsWith("file")) columns = line.trim().split(/ {2,}/).slice(1);
    else if (line !== "" && !line.startsWith("#")) {
      const [file, ...counts] = line.split(/ +/);
      last = {
        counts: Object.fromEntries(columns.map((column, i) => [column, Number(counts[i])])),
        failures: new Map(),
      };
      files.set(file, last);
    }
  }
  return { columns, files };
}

/** The column of the V8 that runs this. */
export const v8Column = () => `V8 ${process.versions.v8.split(".").slice(0, 2).join(".")}`;

/** Puts the results of Bobbin and of this V8, by file, into the file. */
export function record(all) {
  const { columns, files } = readResults();
  const v8 = v8Column();
  if (!columns.includes(v8)) columns.push(v8);
  const row = (name, cells) => `${name.padEnd(48)}${cells.map((c) => `  ${c}`).join("")}`;
  for (const [file, { bobbin, host }] of Object.entries(all)) {
    const known = files.get(file);
    const found = { tests: bobbin.length, Bobbin: passed(bobbin), [v8]: passed(host) };
    const failed = bobbin.filter(({ failure }) => failure !== null);
    files.set(file, {
      counts: { ...known?.counts, ...found },
      failures: new Map(failed.map(({ name }) => [name, known?.failures.get(name) ?? ""])),
    });
  }
  const lines = [row("file", columns)];
  for (const [file, { counts, failures }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const cell = (column) => String(counts[column] ?? "-").padStart(column.length);
    lines.push(row(file, columns.map(cell)));
    for (const [name, reason] of failures) lines.push(`  ${name} -- ${reason}`);
  }
  writeFileSync(FILE, `${HEAD}${lines.join("\n")}\n`);
}
