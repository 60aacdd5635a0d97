// Lists that are given in files, as Binaryen takes them.

import { readFileSync } from "node:fs";
import { UsageError } from "../util/errors.js";

/** `@FILE` stands for what is in the file. @throws UsageError */
export function responseFile(text: string): string {
  if (!text.startsWith("@")) return text;
  try {
    return readFileSync(text.slice(1), "utf8");
  } catch (error) {
    throw new UsageError(`cannot read the list ${text.slice(1)}: ${(error as Error).message}`);
  }
}
