// The functions of WASI: the library's, and ours where it has none or they are wrong (0.4.2).

import { type Fd, WASI, wasi } from "@bjorn3/browser_wasi_shim";
import { Trap } from "../../runtime/traps.js";
import { BobbinError, CrashError, LinkError, ProgramExit } from "../../util/errors.js";
import { HostFolder } from "./folder.js";
import { poll } from "./poll.js";

type Functions = WASI["wasiImport"];

/** What a program that asks for WASI before it has a memory is told. */
const EARLY = {
  get exports(): never {
    throw new LinkError("the start function calls WASI, which needs an instance");
  },
};

export interface WasiFunctions {
  readonly functions: Functions;
  /** Gives the program, whose memory they use. */
  attach(exports: object): void;
  /** How many file descriptors are open. */
  open(): number;
}

export function wasiFunctions(
  args: readonly string[],
  env: readonly string[],
  fds: Fd[],
): WasiFunctions {
  // Left out, it is true: each call is then told on standard output.
  const shim = new WASI([...args], [...env], fds, { debug: false });
  shim.inst = EARLY as WASI["inst"];
  const view = (): DataView => new DataView(shim.inst.exports.memory.buffer);
  const text = (at: number, length: number): string =>
    new TextDecoder().decode(new Uint8Array(shim.inst.exports.memory.buffer, at, length).slice());
  const own: Functions = {
    // The library counts characters, not bytes.
    args_sizes_get(count: number, size: number) {
      const bytes = args.map((arg) => new TextEncoder().encode(arg).length + 1);
      view().setUint32(count, args.length, true);
      view().setUint32(
        size,
        bytes.reduce((sum, length) => sum + length, 0),
        true,
      );
      return wasi.ERRNO_SUCCESS;
    },
    // The library refuses to give a part of a link.
    path_readlink(
      fd: number,
      path: number,
      length: number,
      to: number,
      room: number,
      used: number,
    ) {
      const folder = shim.fds[fd];
      if (folder === undefined) return wasi.ERRNO_BADF;
      const { ret, data } = folder.path_readlink(text(path, length));
      if (data === null) return ret;
      const bytes = new TextEncoder().encode(data).subarray(0, room);
      new Uint8Array(shim.inst.exports.memory.buffer).set(bytes, to);
      view().setUint32(used, bytes.length, true);
      return wasi.ERRNO_SUCCESS;
    },
    path_symlink(from: number, fromLength: number, fd: number, to: number, toLength: number) {
      const folder = shim.fds[fd];
      if (folder === undefined) return wasi.ERRNO_BADF;
      if (!(folder instanceof HostFolder)) return wasi.ERRNO_NOTDIR;
      return folder.path_symlink(text(from, fromLength), text(to, toLength));
    },
    poll_oneoff(from: number, to: number, count: number, size: number) {
      const { errno, events } = poll(view(), from, to, count, (fd) => shim.fds[fd] !== undefined);
      view().setUint32(size, events, true);
      return errno;
    },
    proc_exit(code: number) {
      throw new ProgramExit(code >>> 0);
    },
    proc_raise: () => wasi.ERRNO_NOTSUP,
  };
  for (const name of ["sock_accept", "sock_recv", "sock_send", "sock_shutdown"])
    own[name] = (fd: number) => (shim.fds[fd] === undefined ? wasi.ERRNO_BADF : wasi.ERRNO_NOTSOCK);
  return {
    functions: guarded({ ...shim.wasiImport, ...own }),
    attach(exports) {
      shim.inst = { exports } as WASI["inst"];
    },
    open: () => shim.fds.filter((fd) => fd !== undefined).length,
  };
}

/** Only what the program does wrong is its fault: what else is thrown is a bug here. */
const guarded = (functions: Functions): Functions =>
  Object.fromEntries(
    Object.entries(functions).map(([name, func]) => [
      name,
      (...args: unknown[]): unknown => {
        try {
          return func(...args);
        } catch (error) {
          if (error instanceof BobbinError) throw error;
          // Of views of memory: a pointer is wrong. As in other runtimes, that is a trap.
          if (error instanceof RangeError)
            throw new Trap("out of bounds memory access", `pointers given to ${name}`);
          throw new CrashError(`${name}: ${String(error)}`);
        }
      },
    ]),
  );
