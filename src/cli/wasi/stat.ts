// Files of the host as WASI describes them.

import type { BigIntStats, Dirent } from "node:fs";
import { wasi } from "@bjorn3/browser_wasi_shim";

/** WASI's type of a file. */
export function fileTypeOf(stats: BigIntStats | Dirent): number {
  if (stats.isFile()) return wasi.FILETYPE_REGULAR_FILE;
  if (stats.isDirectory()) return wasi.FILETYPE_DIRECTORY;
  if (stats.isSymbolicLink()) return wasi.FILETYPE_SYMBOLIC_LINK;
  if (stats.isCharacterDevice()) return wasi.FILETYPE_CHARACTER_DEVICE;
  if (stats.isBlockDevice()) return wasi.FILETYPE_BLOCK_DEVICE;
  if (stats.isSocket()) return wasi.FILETYPE_SOCKET_STREAM;
  return wasi.FILETYPE_UNKNOWN;
}

/** The library's writes the times where they overlap the size (0.4.2). */
class Filestat extends wasi.Filestat {
  override write_bytes(view: DataView, at: number): void {
    view.setBigUint64(at, this.dev, true);
    view.setBigUint64(at + 8, this.ino, true);
    view.setUint8(at + 16, this.filetype);
    view.setBigUint64(at + 24, this.nlink, true);
    view.setBigUint64(at + 32, this.size, true);
    view.setBigUint64(at + 40, this.atim, true);
    view.setBigUint64(at + 48, this.mtim, true);
    view.setBigUint64(at + 56, this.ctim, true);
  }
}

export function filestatOf(stats: BigIntStats): wasi.Filestat {
  const stat = new Filestat(stats.ino, fileTypeOf(stats), stats.size);
  stat.dev = stats.dev;
  stat.nlink = stats.nlink;
  stat.atim = stats.atimeNs;
  stat.mtim = stats.mtimeNs;
  stat.ctim = stats.ctimeNs;
  return stat;
}

/** What a descriptor that is no file of the host says of itself. */
export const filestatOfType = (type: number): wasi.Filestat => new Filestat(0n, type, 0n);

export interface Rights {
  readonly base: bigint;
  readonly inheriting: bigint;
}

export function fdstatOf(type: number, flags: number, { base, inheriting }: Rights): wasi.Fdstat {
  const stat = new wasi.Fdstat(type, flags);
  stat.fs_rights_base = base;
  stat.fs_rights_inherited = inheriting;
  return stat;
}

const SECOND = 1e9;

/**
 * Times to set, in seconds as the file system takes them.
 * @param flags WASI's `fstflags`
 */
export function timesOf(
  stats: BigIntStats,
  atim: bigint,
  mtim: bigint,
  flags: number,
): [atime: number, mtime: number] {
  const now = Date.now() / 1000;
  const pick = (wanted: bigint, old: bigint, set: number, setNow: number): number => {
    if ((flags & setNow) !== 0) return now;
    return Number((flags & set) !== 0 ? wanted : old) / SECOND;
  };
  return [
    pick(atim, stats.atimeNs, wasi.FSTFLAGS_ATIM, wasi.FSTFLAGS_ATIM_NOW),
    pick(mtim, stats.mtimeNs, wasi.FSTFLAGS_MTIM, wasi.FSTFLAGS_MTIM_NOW),
  ];
}

/** Both ways to set one time at once. */
export const contradictory = (flags: number): boolean =>
  both(flags, wasi.FSTFLAGS_ATIM | wasi.FSTFLAGS_ATIM_NOW) ||
  both(flags, wasi.FSTFLAGS_MTIM | wasi.FSTFLAGS_MTIM_NOW);
const both = (flags: number, mask: number): boolean => (flags & mask) === mask;
