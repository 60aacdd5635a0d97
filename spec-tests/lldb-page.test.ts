// docs/lldb.md shows what is so: sessions as they were, and the packets that are served.

import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { packets } from "../src/gdb/packets.js";

const page = readFileSync(new URL("../docs/lldb.md", import.meta.url), "utf8");

test("sessions are shown as LLDB printed them", () => {
  const shown = [...page.matchAll(/<!-- lldb (\w+) -->\n+```\n([^]*?)```/g)];
  expect(shown.length).toBeGreaterThan(0);
  for (const [, name, text] of shown) {
    const file = new URL(`golden/lldb-${name}.golden.txt`, import.meta.url);
    const golden = readFileSync(file, "utf8").split("\n");
    const lines = text!.split("\n").filter((line) => line !== "" && line !== "…");
    expect(lines.filter((line) => !golden.includes(line))).toEqual([]);
  }
});

test("all packets are listed, with what they are for", () => {
  const rows = packets.map(({ usage, help }) => `\`${usage}\` ${help}`).sort();
  const listed = [...page.matchAll(/^\| (`[^`]+`) +\| (.*?) +\|$/gm)].map(
    ([, usage, help]) => `${usage} ${help}`,
  );
  expect(listed.sort()).toEqual(rows);
});
