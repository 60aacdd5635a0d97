import { expect, test } from "@jest/globals";
import { wasi } from "@bjorn3/browser_wasi_shim";
import { poll } from "./poll.js";

const SIZE = 48;
const OUT = 1024;

/** A memory with subscriptions at 0. */
function memory(...subscriptions: ((view: DataView, at: number) => void)[]): DataView {
  const view = new DataView(new ArrayBuffer(4096));
  subscriptions.forEach((write, i) => {
    view.setBigUint64(i * SIZE, BigInt(100 + i), true);
    write(view, i * SIZE);
  });
  return view;
}
const clock =
  (id: number, milliseconds: number, absolute = false) =>
  (view: DataView, at: number) => {
    view.setUint8(at + 8, wasi.EVENTTYPE_CLOCK);
    view.setUint32(at + 16, id, true);
    view.setBigUint64(at + 24, BigInt(Math.round(milliseconds * 1e6)), true);
    view.setUint16(at + 40, absolute ? 1 : 0, true);
  };
const readable = (fd: number) => (view: DataView, at: number) => {
  view.setUint8(at + 8, wasi.EVENTTYPE_FD_READ);
  view.setUint32(at + 16, fd, true);
};

/** What came, and how long it took. */
function polled(view: DataView, count: number) {
  const before = performance.now();
  const { errno, events } = poll(view, 0, OUT, count, (fd) => fd < 3);
  const told = Array.from({ length: events }, (_, i) => {
    const at = OUT + i * 32;
    return [
      Number(view.getBigUint64(at, true)),
      view.getUint16(at + 8, true),
      view.getUint8(at + 10),
    ];
  });
  return { errno, told, took: performance.now() - before };
}

test("the first of several times is waited for", () => {
  const { told, took } = polled(memory(clock(1, 5000), clock(0, 30)), 2);
  expect(told).toEqual([[101, 0, wasi.EVENTTYPE_CLOCK]]);
  expect(took).toBeGreaterThanOrEqual(29);
  expect(took).toBeLessThan(4000);
});

test.each([
  ["monotonic", 1, () => performance.now()],
  ["real", 0, () => Date.now()],
])("a time may be absolute: %s", (_, id, now) => {
  const { told, took } = polled(memory(clock(id, now() + 40, true)), 1);
  expect(told).toHaveLength(1);
  expect(took).toBeGreaterThanOrEqual(35);
  expect(took).toBeLessThan(4000);
  expect(polled(memory(clock(id, now() - 1000, true)), 1).took).toBeLessThan(500);
});

test("what can be read or written is ready at once; what is not open is told", () => {
  const { errno, told, took } = polled(memory(clock(1, 5000), readable(0), readable(7)), 3);
  expect(errno).toBe(0);
  expect(told).toEqual([
    [101, 0, wasi.EVENTTYPE_FD_READ],
    [102, wasi.ERRNO_BADF, wasi.EVENTTYPE_FD_READ],
  ]);
  expect(took).toBeLessThan(4000);
  expect(polled(memory(), 0).errno).toBe(wasi.ERRNO_INVAL);
});
