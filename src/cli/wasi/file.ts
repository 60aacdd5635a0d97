// An open file of the host. The position is kept here, because Node reads and writes at
// positions it is given; what has none (a pipe, a device) is read and written as it comes.

import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  readSync,
  writeSync,
} from "node:fs";
import { wasi } from "@bjorn3/browser_wasi_shim";
import { Descriptor, NOTHING } from "./descriptor.js";
import { answer, attempt, Errno } from "./errno.js";
import { contradictory, fileTypeOf, filestatOf, type Rights, timesOf } from "./stat.js";

/** A program may offer any room: more than this is not read at once. */
const MOST_BYTES = 1 << 20;

export class HostFile extends Descriptor {
  private position = 0n;
  private readonly seekable: boolean;
  /** Opened to append: then the system does that. */
  private readonly appends: boolean;

  /** @param file Node's number of the open file */
  constructor(
    private readonly file: number,
    rights: Rights,
    flags: number,
  ) {
    const stats = fstatSync(file, { bigint: true });
    super(fileTypeOf(stats), rights);
    this.seekable = stats.isFile();
    this.flags = flags;
    this.appends = (flags & wasi.FDFLAGS_APPEND) !== 0;
  }

  private get stats() {
    return fstatSync(this.file, { bigint: true });
  }

  override fd_read(size: number) {
    return answer({ data: NOTHING }, () => {
      const data = this.readAt(size, this.seekable ? this.position : null);
      this.position += BigInt(data.length);
      return { data };
    });
  }

  override fd_pread(size: number, offset: bigint) {
    return answer({ data: NOTHING }, () => {
      this.demandSeekable();
      return { data: this.readAt(size, offset) };
    });
  }

  private readAt(size: number, position: bigint | null): Uint8Array {
    this.demand(wasi.RIGHTS_FD_READ);
    const bytes = new Uint8Array(Math.min(size, MOST_BYTES));
    return bytes.subarray(0, readSync(this.file, bytes, 0, bytes.length, position));
  }

  override fd_write(data: Uint8Array) {
    return answer({ nwritten: 0 }, () => {
      if (this.seekable && (this.flags & wasi.FDFLAGS_APPEND) !== 0)
        this.position = this.stats.size;
      const nwritten = this.writeAt(data, this.seekable ? this.position : null);
      this.position += BigInt(nwritten);
      return { nwritten };
    });
  }

  override fd_pwrite(data: Uint8Array, offset: bigint) {
    return answer({ nwritten: 0 }, () => {
      this.demandSeekable();
      return { nwritten: this.writeAt(data, offset) };
    });
  }

  private writeAt(data: Uint8Array, position: bigint | null): number {
    this.demand(wasi.RIGHTS_FD_WRITE);
    const at = position === null ? null : Number(position);
    return writeSync(this.file, data, 0, data.length, at);
  }

  private demandSeekable(): void {
    if (!this.seekable) throw new Errno(wasi.ERRNO_SPIPE);
  }

  override fd_seek(offset: bigint, whence: number) {
    return answer({ offset: 0n }, () => {
      this.demandSeekable();
      const from = [0n, this.position, this.stats.size][whence];
      if (from === undefined || from + offset < 0n) throw new Errno(wasi.ERRNO_INVAL);
      this.position = from + offset;
      return { offset: this.position };
    });
  }

  override fd_tell() {
    return this.fd_seek(0n, wasi.WHENCE_CUR);
  }

  override fd_fdstat_set_flags(flags: number): number {
    return attempt(() => {
      const append = (flags & wasi.FDFLAGS_APPEND) !== 0;
      const others = (set: number): number => set & ~wasi.FDFLAGS_APPEND;
      if ((this.appends && !append) || others(flags) !== others(this.flags))
        throw new Errno(wasi.ERRNO_NOTSUP);
      this.flags = flags;
    });
  }

  override fd_allocate(offset: bigint, length: bigint): number {
    return attempt(() => {
      const end = offset + length;
      if (end > this.stats.size) ftruncateSync(this.file, Number(end));
    });
  }

  override fd_filestat_get() {
    return answer({ filestat: null }, () => ({ filestat: filestatOf(this.stats) }));
  }

  override fd_filestat_set_size(size: bigint): number {
    return attempt(() => {
      this.demand(wasi.RIGHTS_FD_FILESTAT_SET_SIZE);
      ftruncateSync(this.file, Number(size));
    });
  }

  override fd_filestat_set_times(atim: bigint, mtim: bigint, flags: number): number {
    return attempt(() => {
      if (contradictory(flags)) throw new Errno(wasi.ERRNO_INVAL);
      futimesSync(this.file, ...timesOf(this.stats, atim, mtim, flags));
    });
  }

  override fd_sync(): number {
    return attempt(() => fsyncSync(this.file));
  }

  override fd_close(): number {
    return attempt(() => closeSync(this.file));
  }
}
