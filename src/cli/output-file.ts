// Files that commands write.

import { writeFile } from "node:fs/promises";
import { about, InputError } from "./failure.js";
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
