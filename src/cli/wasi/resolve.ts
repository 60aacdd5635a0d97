// Paths of a program inside of a folder that it was given: the only place where they become
// paths of the host. Each part is looked at, symbolic links are followed here and not by the
// system, and whatever would leave the folder is refused. Who else can write to the folder
// could exchange a part between the look and the use: against that, this is no protection.

import { type BigIntStats, lstatSync, readlinkSync } from "node:fs";
import { join, sep } from "node:path";
import { wasi } from "@bjorn3/browser_wasi_shim";
import { Errno } from "./errno.js";

export interface Resolved {
  /** Of the host; no part of it but perhaps the last is a symbolic link. */
  readonly path: string;
  /** What is there, if anything is. */
  readonly found: BigIntStats | undefined;
  /** The path ended with a slash, or with `.` or `..`. */
  readonly folder: boolean;
}

/** As in Linux. */
const MOST_LINKS = 40;

/**
 * @param root the folder, a path of the host
 * @param follow whether a symbolic link at the end is followed
 * @throws Errno; NOTCAPABLE for what would leave the folder
 */
export function resolveIn(root: string, path: string, follow: boolean): Resolved {
  if (path === "") throw new Errno(wasi.ERRNO_NOENT);
  const left = partsOf(path);
  const names: string[] = [];
  let links = 0;
  let folder = false;
  for (;;) {
    const at = join(root, ...names);
    const part = left.shift();
    if (part === undefined) return { path: at, found: statOf(at), folder };
    folder = part === "" || part === "." || part === "..";
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (names.pop() === undefined) throw new Errno(wasi.ERRNO_NOTCAPABLE);
      continue;
    }
    const here = join(at, part);
    const found = statOf(here);
    if (found?.isSymbolicLink() === true && (follow || left.length > 0)) {
      if (++links > MOST_LINKS) throw new Errno(wasi.ERRNO_LOOP);
      left.unshift(...partsOf(readlinkSync(here)));
      continue;
    }
    if (left.length > 0 && found?.isDirectory() !== true && !isEnd(left, found))
      throw new Errno(found === undefined ? wasi.ERRNO_NOENT : wasi.ERRNO_NOTDIR);
    names.push(part);
  }
}

/** A slash at the end may stand behind what is to be made. */
const isEnd = (left: readonly string[], found: BigIntStats | undefined): boolean =>
  found === undefined && left.every((part) => part === "");

function partsOf(path: string): string[] {
  if (path.startsWith("/")) throw new Errno(wasi.ERRNO_NOTCAPABLE);
  // On Windows, a part could be a path of its own, or name a drive or a stream.
  if (sep !== "/" && /[\\:]/.test(path)) throw new Errno(wasi.ERRNO_NOTCAPABLE);
  return path.split("/");
}

const statOf = (path: string): BigIntStats | undefined =>
  lstatSync(path, { bigint: true, throwIfNoEntry: false });
