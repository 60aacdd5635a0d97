// What a machine lacks is said loudly: a skipped test shows in the counts, where a passing
// one would lie, and the reason goes past jest's console, which a summary may swallow.

import { test } from "@jest/globals";

export function skipLoudly(warning: string): void {
  process.stderr.write(`\n${warning}\n`);
  test.skip(warning, () => undefined);
}
