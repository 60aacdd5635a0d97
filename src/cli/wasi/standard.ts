// Standard input, output and error of a program.

import { wasi } from "@bjorn3/browser_wasi_shim";
import { Descriptor, NOTHING } from "./descriptor.js";
import { answer } from "./errno.js";
import { filestatOfType } from "./stat.js";

/** Bytes that come. */
export interface ByteSource {
  /** Waits until there are some. @returns up to `size` bytes, none at the end */
  read(size: number): Uint8Array;
}

/** What a program has of the process that runs it. */
export interface Surroundings {
  readonly stdin: ByteSource;
  /** Takes all bytes. */
  write(stream: "stdout" | "stderr", bytes: Uint8Array): void;
  isTerminal(stream: "stdin" | "stdout" | "stderr"): boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const COMMON = wasi.RIGHTS_FD_FILESTAT_GET | wasi.RIGHTS_POLL_FD_READWRITE;
const rightsOf = (own: number) => ({ base: BigInt(own | COMMON), inheriting: 0n });

/** Programs know a terminal by its type, and that it cannot seek. */
const typeOf = (terminal: boolean): number =>
  terminal ? wasi.FILETYPE_CHARACTER_DEVICE : wasi.FILETYPE_UNKNOWN;

abstract class Stream extends Descriptor {
  override fd_filestat_get() {
    return { ret: wasi.ERRNO_SUCCESS, filestat: filestatOfType(this.type) };
  }
  override fd_seek() {
    return { ret: wasi.ERRNO_SPIPE, offset: 0n };
  }
  override fd_tell() {
    return this.fd_seek();
  }
}

const MOST_BYTES = 1 << 16;

export class Input extends Stream {
  constructor(
    private readonly source: ByteSource,
    terminal: boolean,
  ) {
    super(typeOf(terminal), rightsOf(wasi.RIGHTS_FD_READ));
  }

  override fd_read(size: number) {
    return answer({ data: NOTHING }, () => ({
      data: size === 0 ? NOTHING : this.source.read(Math.min(size, MOST_BYTES)),
    }));
  }
}

export class Output extends Stream {
  constructor(
    private readonly write: (bytes: Uint8Array) => void,
    terminal: boolean,
  ) {
    super(typeOf(terminal), rightsOf(wasi.RIGHTS_FD_WRITE));
  }

  override fd_write(data: Uint8Array) {
    return answer({ nwritten: 0 }, () => {
      this.write(data);
      return { nwritten: data.length };
    });
  }
}

/** Input that is read from its beginning by each reader. */
export class Tape {
  private readonly chunks: Uint8Array[] = [];
  private ended = false;

  constructor(private readonly source: ByteSource) {}

  reader(): ByteSource {
    let chunk = 0;
    let at = 0;
    return {
      read: (size) => {
        if (chunk === this.chunks.length && !this.more(size)) return NOTHING;
        const bytes = this.chunks[chunk]!.subarray(at, at + size);
        at += bytes.length;
        if (at === this.chunks[chunk]!.length) [chunk, at] = [chunk + 1, 0];
        return bytes;
      },
    };
  }

  private more(size: number): boolean {
    if (this.ended) return false;
    const bytes = this.source.read(size);
    if (bytes.length > 0) this.chunks.push(bytes);
    else this.ended = true;
    return !this.ended;
  }
}
