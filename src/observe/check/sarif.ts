// Findings as SARIF, for the tools that show results of analyses.
// Spec: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html

import { AREAS, type CheckCode, CODES } from "./codes.js";
import type { Finding, Place } from "./finding.js";

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";

const logicalLocation = ({ name }: Place) => ({ fullyQualifiedName: name, kind: "function" });

/** Byte offsets stand in `byteOffset`: a module is a binary artifact. */
const location = (uri: string, place: Place | null) => ({
  physicalLocation: {
    artifactLocation: { uri },
    ...(place === null ? {} : { region: { byteOffset: place.offset, byteLength: 1 } }),
  },
  ...(place === null ? {} : { logicalLocations: [logicalLocation(place)] }),
});

/** @param uri the module's file, as a relative or absolute URI */
export function toSarif(findings: readonly Finding[], uri: string, version: string) {
  const used = [...new Set(findings.map(({ code }) => code))];
  return {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "bobbin check", version, rules: used.map(rule) } },
        artifacts: [{ location: { uri } }],
        results: findings.map((finding) => result(finding, uri, used.indexOf(finding.code))),
        columnKind: "utf16CodeUnits",
      },
    ],
  };
}

const rule = (code: CheckCode) => ({
  id: code,
  shortDescription: { text: CODES[code].rule },
  fullDescription: { text: CODES[code].why },
  help: { text: CODES[code].fix },
  defaultConfiguration: { level: "error" },
  properties: { area: AREAS[CODES[code].area] },
});

function result(finding: Finding, uri: string, ruleIndex: number) {
  const { code, message, where, other, writer, machine, event, fiber, count } = finding;
  return {
    ruleId: code,
    ruleIndex,
    level: "error",
    message: { text: message },
    locations: [location(uri, where)],
    occurrenceCount: count,
    ...(machine === null || machine.stack.length === 0
      ? {}
      : {
          stacks: [
            {
              frames: machine.stack.map((place) => ({ location: location(uri, place) })),
            },
          ],
        }),
    properties: { event, fiber, other, machine, writer },
  };
}
