// What all of a program's file descriptors share: rights, which can only become fewer, and
// flags. The library asks its methods; what a kind of file cannot do is a bad descriptor.

import { Fd, wasi } from "@bjorn3/browser_wasi_shim";
import { attempt, Errno } from "./errno.js";
import { fdstatOf, type Rights } from "./stat.js";

export abstract class Descriptor extends Fd {
  protected flags = 0;

  constructor(
    protected readonly type: number,
    protected rights: Rights,
  ) {
    super();
  }

  /** @throws Errno where a right is missing */
  protected demand(right: number): void {
    if ((this.rights.base & BigInt(right)) === 0n) throw new Errno(wasi.ERRNO_NOTCAPABLE);
  }

  override fd_fdstat_get() {
    return { ret: wasi.ERRNO_SUCCESS, fdstat: fdstatOf(this.type, this.flags, this.rights) };
  }

  override fd_fdstat_set_rights(base: bigint, inheriting: bigint): number {
    return attempt(() => {
      const { rights } = this;
      if ((base & ~rights.base) !== 0n || (inheriting & ~rights.inheriting) !== 0n)
        throw new Errno(wasi.ERRNO_NOTCAPABLE);
      this.rights = { base, inheriting };
    });
  }

  override fd_fdstat_set_flags(_flags: number): number {
    return wasi.ERRNO_BADF;
  }
  override fd_allocate(_offset: bigint, _length: bigint): number {
    return wasi.ERRNO_BADF;
  }
  override fd_close(): number {
    return wasi.ERRNO_SUCCESS;
  }
  override fd_sync(): number {
    return wasi.ERRNO_SUCCESS;
  }
  override fd_filestat_set_size(_size: bigint): number {
    return wasi.ERRNO_BADF;
  }
  override fd_filestat_set_times(_atim: bigint, _mtim: bigint, _flags: number): number {
    return wasi.ERRNO_BADF;
  }
  override fd_read(_size: number): { ret: number; data: Uint8Array } {
    return { ret: wasi.ERRNO_BADF, data: NOTHING };
  }
  override fd_pread(_size: number, _offset: bigint): { ret: number; data: Uint8Array } {
    return { ret: wasi.ERRNO_BADF, data: NOTHING };
  }
  override fd_write(_data: Uint8Array): { ret: number; nwritten: number } {
    return { ret: wasi.ERRNO_BADF, nwritten: 0 };
  }
  override fd_pwrite(_data: Uint8Array, _offset: bigint): { ret: number; nwritten: number } {
    return { ret: wasi.ERRNO_BADF, nwritten: 0 };
  }
  override fd_seek(_offset: bigint, _whence: number): { ret: number; offset: bigint } {
    return { ret: wasi.ERRNO_BADF, offset: 0n };
  }
  override fd_tell(): { ret: number; offset: bigint } {
    return { ret: wasi.ERRNO_BADF, offset: 0n };
  }
}

export const NOTHING = new Uint8Array();
