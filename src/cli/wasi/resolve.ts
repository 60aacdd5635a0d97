// Paths of a program inside of a folder that it was given: the only place where they become
// paths of the host. Each part is looked at, symbolic links are followed here and not by the
// system, and whatever would leave the folder is refused. Who else can write to the folder
// could exchange a part between the look and the use: against that, this is no protection.

import { type BigIntStats, lstatSync, readlinkSync } from "node:fs";
import { join, sep } from "node:path";
import { wasi } from "@bjorn3/browser_wasi_shim";
import { Errno } from "./errno.js";

/** A folder of the host, known again: a path may come to lead elsewhere. */
export interface Place {
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
}

export const placeOf = (path: string, { dev, ino }: BigIntStats): Place => ({ path, dev, ino });

/**
 * What a folder is now.
 * @throws Errno where its path leads elsewhere by now: the program may have moved it, and have
 * put a link in its place
 */
export function statPlace({ path, dev, ino }: Place): BigIntStats {
  const found = statOf(path);
  if (found?.dev !== dev || found.ino !== ino) throw new Errno(wasi.ERRNO_NOENT);
  return found;
}

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
 * @param follow whether a symbolic link at the end is followed
 * @throws Errno; NOTCAPABLE for what would leave the folder
 */
export function resolveIn(folder: Place, path: string, follow: boolean): Resolved {
  if (path === "") throw new Errno(wasi.ERRNO_NOENT);
  statPlace(folder);
  const left = partsOf(path);
  const names: string[] = [];
  let links = 0;
  let slash = false;
  for (;;) {
    const at = join(folder.path, ...names);
    const part = left.shift();
    if (part === undefined) return { path: at, found: statOf(at), folder: slash };
    slash = part === "" || part === "." || part === "..";
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
