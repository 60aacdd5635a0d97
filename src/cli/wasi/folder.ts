// A folder of the host that a program has open: one that it was given, or one inside of that.
// A program cannot leave it: all paths go through `resolve.ts`.

import {
  constants,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from "node:fs";
import { isAbsolute } from "node:path";
import { Inode, wasi } from "@bjorn3/browser_wasi_shim";
import { Descriptor } from "./descriptor.js";
import { answer, attempt, Errno } from "./errno.js";
import { HostFile } from "./file.js";
import { type Place, placeOf, type Resolved, resolveIn, statPlace } from "./resolve.js";
import { contradictory, fileTypeOf, filestatOf, type Rights, timesOf } from "./stat.js";

const ALL = (1n << 29n) - 1n;
const WRITING = wasi.RIGHTS_FD_WRITE | wasi.RIGHTS_FD_ALLOCATE | wasi.RIGHTS_FD_FILESTAT_SET_SIZE;
/** What files can do; the rest is for folders. */
const FILE_RIGHTS = BigInt(
  WRITING |
    wasi.RIGHTS_FD_DATASYNC |
    wasi.RIGHTS_FD_READ |
    wasi.RIGHTS_FD_SEEK |
    wasi.RIGHTS_FD_FDSTAT_SET_FLAGS |
    wasi.RIGHTS_FD_SYNC |
    wasi.RIGHTS_FD_TELL |
    wasi.RIGHTS_FD_ADVISE |
    wasi.RIGHTS_FD_FILESTAT_GET |
    wasi.RIGHTS_FD_FILESTAT_SET_TIMES |
    wasi.RIGHTS_POLL_FD_READWRITE,
);
/** Reading and writing are of files. */
const FOLDER_RIGHTS = ALL & ~BigInt(WRITING | wasi.RIGHTS_FD_READ | wasi.RIGHTS_FD_SEEK | wasi.RIGHTS_FD_TELL); // prettier-ignore
const FOLLOW = 1;

/** A file that the library carries from one folder to another: to link it, or to move it. */
class Carried extends Inode {
  constructor(readonly path: string) {
    super();
  }
  path_open() {
    return { ret: wasi.ERRNO_NOTSUP, fd_obj: null };
  }
  stat(): wasi.Filestat {
    throw new Errno(wasi.ERRNO_NOTSUP);
  }
}

interface Entry {
  readonly name: string;
  readonly ino: bigint;
  readonly type: number;
}

export class HostFolder extends Descriptor {
  private entries: readonly Entry[] = [];

  /**
   * @param name of one that the program was given: what it calls it
   */
  constructor(
    private readonly place: Place,
    private readonly name: string | null = null,
    rights: Rights = { base: FOLDER_RIGHTS, inheriting: ALL },
  ) {
    super(wasi.FILETYPE_DIRECTORY, rights);
  }

  private resolve(path: string, follow = false): Resolved {
    return resolveIn(this.place, path, follow);
  }

  /** What must be there. @throws Errno */
  private existing(path: string, follow = false) {
    const { found, ...resolved } = this.resolve(path, follow);
    if (found === undefined) throw new Errno(wasi.ERRNO_NOENT);
    if (resolved.folder && !found.isDirectory()) throw new Errno(wasi.ERRNO_NOTDIR);
    return { ...resolved, found };
  }

  /** Where this folder itself stands is for those above it. @throws Errno */
  private demandInside({ path }: Pick<Resolved, "path">): void {
    if (path === this.place.path) throw new Errno(wasi.ERRNO_INVAL);
  }

  override fd_prestat_get() {
    return this.name === null
      ? { ret: wasi.ERRNO_BADF, prestat: null }
      : { ret: wasi.ERRNO_SUCCESS, prestat: wasi.Prestat.dir(this.name) };
  }

  override fd_filestat_get() {
    return answer({ filestat: null }, () => ({
      filestat: filestatOf(statPlace(this.place)),
    }));
  }

  override fd_filestat_set_times(atim: bigint, mtim: bigint, flags: number): number {
    return this.path_filestat_set_times(FOLLOW, ".", atim, mtim, flags);
  }

  /** The list is that of when reading began. */
  override fd_readdir_single(cookie: bigint) {
    return answer({ dirent: null }, () => {
      this.demand(wasi.RIGHTS_FD_READDIR);
      if (cookie === 0n) this.entries = this.list();
      const entry = this.entries[Number(cookie)];
      if (entry === undefined) return { dirent: null };
      const { name, ino, type } = entry;
      return { dirent: new wasi.Dirent(cookie + 1n, ino, name, type) };
    });
  }

  private list(): Entry[] {
    const { ino } = statPlace(this.place);
    const inside = readdirSync(this.place.path, { withFileTypes: true }).map((entry) => {
      const { found } = resolveIn(this.place, entry.name, false);
      return { name: entry.name, ino: found?.ino ?? 0n, type: fileTypeOf(entry) };
    });
    // Nothing is told of what is above.
    const self = [".", ".."].map((name) => ({ name, ino, type: wasi.FILETYPE_DIRECTORY }));
    return [...self, ...inside];
  }

  override path_open(
    dirflags: number,
    path: string,
    oflags: number,
    base: bigint,
    inheriting: bigint,
    fdflags: number,
  ) {
    return answer({ fd_obj: null }, () => {
      this.demand(wasi.RIGHTS_PATH_OPEN);
      if ((oflags & wasi.OFLAGS_CREAT) !== 0) this.demand(wasi.RIGHTS_PATH_CREATE_FILE);
      if ((oflags & wasi.OFLAGS_TRUNC) !== 0) this.demand(wasi.RIGHTS_PATH_FILESTAT_SET_SIZE);
      const { inheriting: most } = this.rights;
      const rights = { base: base & most, inheriting: inheriting & most };
      const resolved = this.resolve(path, (dirflags & FOLLOW) !== 0);
      return { fd_obj: open(resolved, oflags, rights, fdflags) };
    });
  }

  override path_create_directory(path: string): number {
    return attempt(() => {
      this.demand(wasi.RIGHTS_PATH_CREATE_DIRECTORY);
      mkdirSync(this.resolve(path).path);
    });
  }

  override path_filestat_get(flags: number, path: string) {
    return answer({ filestat: null }, () => {
      this.demand(wasi.RIGHTS_PATH_FILESTAT_GET);
      return { filestat: filestatOf(this.existing(path, (flags & FOLLOW) !== 0).found) };
    });
  }

  override path_filestat_set_times(
    flags: number,
    path: string,
    atim: bigint,
    mtim: bigint,
    fstflags: number,
  ): number {
    return attempt(() => {
      this.demand(wasi.RIGHTS_PATH_FILESTAT_SET_TIMES);
      if (contradictory(fstflags)) throw new Errno(wasi.ERRNO_INVAL);
      const { path: at, found } = this.existing(path, (flags & FOLLOW) !== 0);
      const set = found.isSymbolicLink() ? lutimesSync : utimesSync;
      set(at, ...timesOf(found, atim, mtim, fstflags));
    });
  }

  override path_lookup(path: string, flags: number) {
    return this.carry(wasi.RIGHTS_PATH_LINK_SOURCE, path, (flags & FOLLOW) !== 0);
  }

  /** The library moves a file by unlinking it and linking it again: it moves when it is linked. */
  override path_unlink(path: string) {
    return this.carry(wasi.RIGHTS_PATH_RENAME_SOURCE, path, false);
  }

  private carry(right: number, path: string, follow: boolean) {
    return answer({ inode_obj: null }, () => {
      this.demand(right);
      const found = this.existing(path, follow);
      this.demandInside(found);
      return { inode_obj: new Carried(found.path) };
    });
  }

  /** @param moves whether it has no other place */
  override path_link(path: string, file: Inode, moves: boolean): number {
    return attempt(() => {
      if (!(file instanceof Carried)) throw new Errno(wasi.ERRNO_NOTSUP);
      this.demand(moves ? wasi.RIGHTS_PATH_RENAME_TARGET : wasi.RIGHTS_PATH_LINK_TARGET);
      const to = this.resolve(path);
      this.demandInside(to);
      if (to.folder && to.found === undefined && !lstatSync(file.path).isDirectory())
        throw new Errno(moves ? wasi.ERRNO_NOTDIR : wasi.ERRNO_NOENT);
      if (to.folder && to.found?.isDirectory() === false) throw new Errno(wasi.ERRNO_NOTDIR);
      (moves ? renameSync : linkSync)(file.path, to.path);
    });
  }

  override path_readlink(path: string) {
    return answer({ data: null }, () => {
      this.demand(wasi.RIGHTS_PATH_READLINK);
      return { data: readlinkSync(this.existing(path).path) };
    });
  }

  override path_remove_directory(path: string): number {
    return attempt(() => {
      this.demand(wasi.RIGHTS_PATH_REMOVE_DIRECTORY);
      const at = this.existing(path);
      this.demandInside(at);
      if (!at.found.isDirectory()) throw new Errno(wasi.ERRNO_NOTDIR);
      rmdirSync(at.path);
    });
  }

  override path_unlink_file(path: string): number {
    return attempt(() => {
      this.demand(wasi.RIGHTS_PATH_UNLINK_FILE);
      const { path: at, found } = this.existing(path);
      if (found.isDirectory()) throw new Errno(wasi.ERRNO_ISDIR);
      unlinkSync(at);
    });
  }

  /** Not asked by the library. Where a link leads is looked at when it is followed. */
  path_symlink(target: string, path: string): number {
    return attempt(() => {
      this.demand(wasi.RIGHTS_PATH_SYMLINK);
      if (isAbsolute(target)) throw new Errno(wasi.ERRNO_NOTCAPABLE);
      const { path: at, found, folder } = this.resolve(path);
      if (found !== undefined) throw new Errno(folder && !found.isDirectory() ? wasi.ERRNO_NOTDIR : wasi.ERRNO_EXIST); // prettier-ignore
      if (folder) throw new Errno(wasi.ERRNO_NOENT);
      symlinkSync(target, at);
    });
  }
}

/** @throws Errno, or an error of the file system */
function open({ path, found, folder }: Resolved, oflags: number, rights: Rights, fdflags: number) {
  const wants = (flag: number): boolean => (oflags & flag) !== 0;
  const has = (right: number): boolean => (rights.base & BigInt(right)) !== 0n;
  if (wants(wasi.OFLAGS_CREAT) && wants(wasi.OFLAGS_DIRECTORY)) throw new Errno(wasi.ERRNO_INVAL);
  if (found === undefined && folder)
    throw new Errno(wants(wasi.OFLAGS_CREAT) ? wasi.ERRNO_ISDIR : wasi.ERRNO_NOENT);
  if (found?.isSymbolicLink() === true && !wants(wasi.OFLAGS_EXCL))
    throw new Errno(wants(wasi.OFLAGS_DIRECTORY) ? wasi.ERRNO_NOTDIR : wasi.ERRNO_LOOP);
  if (found?.isDirectory() === true && !wants(wasi.OFLAGS_EXCL)) {
    const asFile = wants(wasi.OFLAGS_TRUNC) || wants(wasi.OFLAGS_CREAT) || has(wasi.RIGHTS_FD_WRITE); // prettier-ignore
    if (asFile) throw new Errno(wasi.ERRNO_ISDIR);
    return new HostFolder(placeOf(path, found), null, {
      ...rights,
      base: rights.base & FOLDER_RIGHTS,
    });
  }
  if (found !== undefined && (folder || wants(wasi.OFLAGS_DIRECTORY)))
    throw new Errno(wasi.ERRNO_NOTDIR);
  const file = openSync(path, hostFlags(wants, has, fdflags), 0o666);
  return new HostFile(file, { ...rights, base: rights.base & FILE_RIGHTS }, fdflags);
}

type Asks = (bit: number) => boolean;

function hostFlags(wants: Asks, has: Asks, fdflags: number): number {
  const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_SYNC } = constants;
  const writes = has(WRITING);
  // Windows has neither.
  const { O_NOFOLLOW = 0, O_DSYNC = O_SYNC } = constants as Partial<typeof constants>;
  const flags: readonly (readonly [wanted: boolean, flag: number])[] = [
    [wants(wasi.OFLAGS_CREAT), O_CREAT],
    [wants(wasi.OFLAGS_EXCL), O_EXCL],
    [wants(wasi.OFLAGS_TRUNC), O_TRUNC],
    [(fdflags & wasi.FDFLAGS_APPEND) !== 0, O_APPEND],
    [(fdflags & wasi.FDFLAGS_DSYNC) !== 0, O_DSYNC],
    [(fdflags & (wasi.FDFLAGS_SYNC | wasi.FDFLAGS_RSYNC)) !== 0, O_SYNC],
  ];
  const access = !writes ? O_RDONLY : has(wasi.RIGHTS_FD_READ) ? O_RDWR : O_WRONLY;
  return flags.reduce((sum, [on, flag]) => (on ? sum | flag : sum), access | O_NOFOLLOW);
}
