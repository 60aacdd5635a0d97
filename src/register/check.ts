// BOBBIN_CHECK: findings of every instance that may unwind, on standard error when they are
// found; at the end of the thread, what there was to check.

import { writeFileSync } from "node:fs";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";
import { packageVersion } from "../cli/version.js";
import { ExitCode } from "../cli/failure.js";
import { CODES } from "../observe/check/codes.js";
import { type CheckedInstance, InstanceChecker } from "../observe/check/instances.js";
import { renderCounts, renderFinding, renderVerdict } from "../observe/check/render.js";
import { toSarif } from "../observe/check/sarif.js";
import { Headings, instanceName } from "./headings.js";
import { fileName, type Output, threadFile } from "./output.js";

export interface CheckSettings {
  readonly output: Output;
  readonly strict: boolean;
  readonly file: string | undefined;
}

export function checkInstances({ output, strict, file }: CheckSettings): InstanceChecker {
  const headings = new Headings(output);
  const counts = sharedCounts();
  const checker = new InstanceChecker((finding, instance) => {
    Atomics.add(counts, FINDINGS, 1);
    headings.about(instance);
    for (const line of [...renderFinding(finding), ""]) output.line(line);
  });
  const save = (): void => {
    if (file !== undefined) writeReport(file, checker.instances, output);
  };
  const told = new Set<string>();
  const tellLastWords = (): void => {
    for (const line of lastWords(checker.instances)) {
      if (!told.has(line)) output.line(line);
      told.add(line);
    }
  };
  // A process whose own handler of what nobody caught throws again has no other end.
  process.on("uncaughtExceptionMonitor", () => {
    tellLastWords();
    save();
  });
  process.on("exit", (code) => {
    checker.finish();
    const { instances } = checker;
    Atomics.add(counts, INSTANCES, instances.length);
    tellLastWords();
    for (const line of summary(instances)) output.line(line);
    save();
    if (!isMainThread) return;
    if (Atomics.load(counts, INSTANCES) === 0) output.line(`bobbin check: ${NOTHING}`);
    if (strict && code === 0 && Atomics.load(counts, FINDINGS) > 0)
      process.exitCode = ExitCode.finding;
  });
  return checker;
}

const NOTHING = "no instance was made that may unwind, nothing was checked";
const SHARED = "bobbin check";
const FINDINGS = 0;
const INSTANCES = 1;

/** Of all threads of the process: what the main thread leaves there, each worker gets. */
function sharedCounts(): Int32Array {
  // The types know of nothing that is shared.
  if (isMainThread) setEnvironmentData(SHARED, new SharedArrayBuffer(8) as never);
  const shared = getEnvironmentData(SHARED) as unknown as SharedArrayBuffer | undefined;
  // Only a worker's environment may ask for it.
  return new Int32Array(shared ?? new SharedArrayBuffer(8));
}

const about = (name: string, text: string): string =>
  `bobbin check: ${instanceName(name)}: ${text}`;

const lastWords = (instances: readonly CheckedInstance[]): string[] =>
  instances.flatMap(({ name, lastWords: words }) => (words === null ? [] : [about(name, words)]));

const summary = (instances: readonly CheckedInstance[]): string[] =>
  instances.map(({ name, findings, counts }) => {
    const what = counts === null ? "its unwinds cannot be told" : renderCounts(counts);
    return about(name, `${renderVerdict(findings)}: ${what}`);
  });

/** As `bobbin check` would print it, by the ending of the file's name. */
function writeReport(pattern: string, instances: readonly CheckedInstance[], output: Output): void {
  const file = threadFile(fileName(pattern));
  const text = file.endsWith(".sarif")
    ? JSON.stringify(sarif(instances))
    : file.endsWith(".json")
      ? JSON.stringify(report(instances))
      : textOf(instances).join("\n");
  try {
    writeFileSync(file, `${text}\n`);
  } catch (error) {
    output.line(`bobbin: BOBBIN_CHECK_FILE: cannot write ${file}: ${(error as Error).message}`);
  }
}

const report = (instances: readonly CheckedInstance[]): object => ({
  verdict: instances.some(({ findings }) => findings.length > 0) ? "findings" : "clean",
  instances: instances.map(({ name, findings, counts, lastWords: words }) => ({
    name,
    findings: findings.map((finding) => ({ ...finding, ...CODES[finding.code] })),
    ...(counts === null ? {} : { counts }),
    ...(words === null ? {} : { lastWords: words }),
  })),
});

/** One run of the tool for each instance. */
function sarif(instances: readonly CheckedInstance[]): object {
  const version = packageVersion();
  const logs = instances.map(({ name, findings }) =>
    toSarif(findings, encodeURIComponent(name), version),
  );
  const runs = logs.flatMap((log) => log.runs);
  return { ...toSarif([], "", version), runs };
}

const textOf = (instances: readonly CheckedInstance[]): string[] => [
  ...instances.flatMap(({ name, findings }) =>
    findings.length === 0
      ? []
      : [`-- ${instanceName(name)}`, ...findings.flatMap((f) => [...renderFinding(f), ""])],
  ),
  ...lastWords(instances),
  ...summary(instances),
];
