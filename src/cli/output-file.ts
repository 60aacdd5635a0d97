// Files that commands write.

import { writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { about, FileError, InputError } from "./failure.js";
import { fileReason } from "./input.js";

/** @throws FileError, with an InputError that says why it cannot be written */
export const writeBytes = (file: string, bytes: Uint8Array): Promise<void> =>
  about(file, async () => {
    try {
      await writeFile(file, bytes);
    } catch (error) {
      throw new InputError(fileReason(error));
    }
  });

/** The same for whoever cannot wait. @throws FileError */
export function writeBytesAtOnce(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes);
  } catch (error) {
    throw new FileError(file, new InputError(fileReason(error)));
  }
}
