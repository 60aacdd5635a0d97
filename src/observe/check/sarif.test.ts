// SARIF against what its schema requires, and the places that a reader needs.

import { describe, expect, test } from "@jest/globals";
import type { Finding } from "./finding.js";
import { toSarif } from "./sarif.js";

const place = { func: 3, name: "nap", offset: 0x99, instruction: "call" };
const finding: Finding = {
  code: "record-changed",
  message: "a word changed",
  event: 11,
  fiber: 0,
  where: place,
  other: { event: 5, text: "where the record was pushed" },
  machine: {
    state: "rewinding",
    data: 16,
    pos: 24,
    end: 64,
    sp: null,
    stack: [place, { ...place, func: 4, name: "main" }],
    frames: 2,
  },
  changed: { address: 28, size: 4, pushed: 5, found: 11 },
  writer: { where: null, host: "the host", event: 8 },
  count: 2,
};
const statically: Finding = { ...finding, code: "runtime-inlined", event: null, where: null, other: null, machine: null, changed: null, writer: null, count: 1 }; // prettier-ignore

interface Location {
  physicalLocation: { artifactLocation: { uri: string }; region?: { byteOffset: number } };
  logicalLocations?: { fullyQualifiedName: string }[];
}
interface Sarif {
  version: string;
  $schema: string;
  runs: {
    tool: { driver: { name: string; rules: { id: string; shortDescription: { text: string } }[] } };
    results: {
      ruleId: string;
      ruleIndex: number;
      level: string;
      message: { text: string };
      locations: Location[];
      occurrenceCount: number;
      stacks?: { frames: { location: Location }[] }[];
    }[];
  }[];
}

describe("SARIF 2.1.0", () => {
  const { version, $schema, runs } = toSarif(
    [finding, statically, finding],
    "a.wasm",
    "1.2.3",
  ) as Sarif;
  const [run] = runs;
  const { rules } = run!.tool.driver;

  test("has what the schema requires", () => {
    expect(version).toBe("2.1.0");
    expect(new URL($schema).pathname).toMatch(/sarif-2\.1\.0\.json$/);
    expect(runs).toHaveLength(1);
    expect(run!.tool.driver.name).toBe("bobbin check");
    for (const { id, shortDescription } of rules) {
      expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(shortDescription.text).not.toBe("");
    }
    for (const { message, level, locations, occurrenceCount } of run!.results) {
      expect(message.text).not.toBe("");
      expect(["none", "note", "warning", "error"]).toContain(level);
      expect(locations).toHaveLength(1);
      expect(locations[0]!.physicalLocation.artifactLocation.uri).toBe("a.wasm");
      expect(occurrenceCount).toBeGreaterThanOrEqual(1);
    }
  });

  test("has each rule once, and results that point to theirs", () => {
    expect(rules.map(({ id }) => id)).toEqual(["record-changed", "runtime-inlined"]);
    for (const { ruleId, ruleIndex } of run!.results) expect(rules[ruleIndex]!.id).toBe(ruleId);
  });

  test("says where, by byte offset and function", () => {
    const [first, second] = run!.results;
    expect(first!.locations[0]).toMatchObject({
      physicalLocation: { region: { byteOffset: 0x99 } },
      logicalLocations: [{ fullyQualifiedName: "nap" }],
    });
    expect(first!.stacks![0]!.frames).toHaveLength(2);
    expect(second!.locations[0]!.physicalLocation.region).toBeUndefined();
    expect(second!.stacks).toBeUndefined();
  });
});
