// `poll_oneoff`: waits for a time, or until something can be read or written. Everything can
// be at once, since reads and writes wait themselves; so only times are waited for. The
// library's knows one time only, and burns the processor until then.

import { wasi } from "@bjorn3/browser_wasi_shim";
import { sleep } from "./surroundings.js";

const SUBSCRIPTION = 48;
const EVENT = 32;

interface Ready {
  readonly userdata: bigint;
  readonly error: number;
  readonly type: number;
}

/** @param knows whether there is such a file descriptor */
export function poll(
  view: DataView,
  from: number,
  to: number,
  count: number,
  knows: (fd: number) => boolean,
): { readonly errno: number; readonly events: number } {
  if (count === 0) return { errno: wasi.ERRNO_INVAL, events: 0 };
  const asked = Array.from({ length: count }, (_, i) => subscriptionAt(view, from + i * SUBSCRIPTION)); // prettier-ignore
  let ready = asked.flatMap(({ userdata, type, fd }) =>
    fd === null ? [] : [{ userdata, type, error: knows(fd) ? 0 : wasi.ERRNO_BADF }],
  );
  if (ready.length === 0) {
    const first = Math.min(...asked.map(({ delay }) => delay));
    sleep(first);
    ready = asked
      .filter(({ delay }) => delay === first)
      .map(({ userdata, type }) => ({ userdata, type, error: wasi.ERRNO_SUCCESS }));
  }
  ready.forEach((event, i) => writeEvent(view, to + i * EVENT, event));
  return { errno: wasi.ERRNO_SUCCESS, events: ready.length };
}

/** `delay` in milliseconds from now; the file descriptor of what is no time. */
function subscriptionAt(view: DataView, at: number) {
  const userdata = view.getBigUint64(at, true);
  const type = view.getUint8(at + 8);
  if (type !== wasi.EVENTTYPE_CLOCK)
    return { userdata, type, fd: view.getUint32(at + 16, true), delay: 0 };
  const clock = view.getUint32(at + 16, true);
  const time = Number(view.getBigUint64(at + 24, true)) / 1e6;
  const absolute = (view.getUint16(at + 40, true) & wasi.SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME) !== 0; // prettier-ignore
  const now = clock === wasi.CLOCKID_REALTIME ? Date.now() : performance.now();
  return { userdata, type, fd: null, delay: Math.max(0, absolute ? time - now : time) };
}

function writeEvent(view: DataView, at: number, { userdata, error, type }: Ready): void {
  view.setBigUint64(at, userdata, true);
  view.setUint16(at + 8, error, true);
  view.setUint8(at + 10, type);
  const bytes = type === wasi.EVENTTYPE_CLOCK ? 0n : 1n;
  view.setBigUint64(at + 16, bytes, true);
  view.setUint16(at + 24, 0, true);
}
