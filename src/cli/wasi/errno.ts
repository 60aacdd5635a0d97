// What went wrong, as WASI has it: a number. Errors of the file system have POSIX names,
// and WASI's are the same ones.

import { wasi } from "@bjorn3/browser_wasi_shim";

/** Ends a function of WASI with an error number. */
export class Errno extends Error {
  constructor(readonly errno: number) {
    super(`WASI error ${errno}`);
  }
}

/** Any errors but those of the file system are ours, or end the program: they go on. */
function errnoOf(error: unknown): number {
  if (error instanceof Errno) return error.errno;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ERR_INVALID_ARG_VALUE") return wasi.ERRNO_INVAL;
  const errno = (wasi as Record<string, unknown>)[`ERRNO_${code?.slice(1)}`];
  if (typeof errno === "number") return errno;
  throw error;
}

/** Does what may fail. @returns an error number, 0 where it went well */
export function attempt(action: () => void): number {
  try {
    action();
    return wasi.ERRNO_SUCCESS;
  } catch (error) {
    return errnoOf(error);
  }
}

/** The same, with what comes of it; `failed` where it failed. */
export function answer<T extends object, F extends object>(
  failed: F,
  action: () => T,
): (T | F) & { ret: number } {
  let value: T | F = failed;
  const ret = attempt(() => (value = action()));
  return { ret, ...value };
}
