// Snapshots: a machine that was saved and loaded goes on as if nothing had happened, and
// a file that no machine was saved as is refused, whatever is in it.

import { describe, expect, test } from "@jest/globals";
import { instantiate } from "../exec/instantiate.js";
import { drive } from "../exec/drive.js";
import { Machine } from "../exec/machine.js";
import { FuncInstance, type ExternInstance, TableInstance } from "../runtime/instances.js";
import { MemoryInstance } from "../runtime/memory.js";
import { HostRef, i32 } from "../runtime/values.js";
import { EXTERNREF } from "../syntax/types.js";
import { BobbinError, CrashError, LinkError } from "../util/errors.js";
import { random } from "../util/random.js";
import { closeTypes } from "../valid/deftypes.js";
import { SnapshotError } from "./errors.js";
import { pack, unpack } from "./format.js";
import { loadSnapshot } from "./load.js";
import { finish, load, moduleOf, PROGRAMS, save, start } from "./programs.testing.js";
import { saveSnapshot } from "./save.js";

describe.each(Object.entries(PROGRAMS))("%s", (_name, wat) => {
  test.each([1, 7, 50])(
    "saved and loaded every %i instructions",
    async (every) => {
      const whole = await finish(start(wat, every === 1 ? 2 : 6), Infinity, (at) => at);
      let previous: Uint8Array | null = null;
      const parts = await finish(start(wat, every === 1 ? 2 : 6), every, async (at) => {
        const bytes = await save(at);
        const loaded = await load(bytes);
        expect(await save(loaded)).toEqual(bytes);
        previous = bytes;
        return loaded;
      });
      expect(parts).toBe(whole);
      expect(previous).not.toBeNull();
    },
    60_000,
  );
});

test("a waiting call is answered by the host of the new process", async () => {
  const at = start(PROGRAMS["continuations"]!, 3);
  const outcome = await drive(at.machine, { stopBefore: () => true });
  expect(outcome.kind).toBe("host");
  const bytes = await save(at);
  const asked: number[] = [];
  const loaded = await loadSnapshot(bytes, {
    supply(_machine, module) {
      const func = FuncInstance.host(
        module.context.defTypes[module.context.funcs[0]!]!,
        "env.ask",
        ([question]) => {
          asked.push((question as { value: number }).value);
          return [i32(1)];
        },
      );
      return new Map([["env", new Map<string, ExternInstance>([["ask", { kind: "func", func }]])]]);
    },
  });
  expect((await drive(loaded.machine)).kind).toBe("returned");
  expect(asked.length).toBeGreaterThan(0);
});

test("missing functions of the host are told", async () => {
  const at = start(PROGRAMS["continuations"]!, 3);
  at.machine.run({ fuel: 20 });
  await expect(loadSnapshot(await save(at))).rejects.toThrow(
    new LinkError("the host must supply the functions that the snapshot imports: env.ask"),
  );
});

test("host values are saved by value, objects by a codec only", async () => {
  const module = moduleOf(
    `(table (export "t") 8 externref) (func (export "run") (param i32) (result i32) (i32.const 1))`,
  );
  const machine = new Machine();
  const instance = instantiate(machine, module);
  const values = [undefined, true, -0, NaN, "\ud800 lone", -(2n ** 70n), null];
  const elements = instance.tables[0]!.elements;
  values.forEach((value, i) => (elements[i] = new HostRef(value)));
  const bytes = await saveSnapshot(machine, { instances: [instance] });
  const { instances } = await loadSnapshot(bytes);
  const found = instances[0]!.tables[0]!.elements.slice(0, 7).map((r) => (r as HostRef).value);
  expect(found).toEqual(values);

  const thing = { name: "thing" };
  elements[7] = new HostRef(thing);
  await expect(saveSnapshot(machine, { instances: [instance] })).rejects.toThrow(/codec/);
  const codec = {
    encode: (value: unknown) => (value === thing ? Uint8Array.of(7) : null),
    decode: ([byte]: Uint8Array) => (byte === 7 ? thing : null),
  };
  const coded = await saveSnapshot(machine, { instances: [instance], codec });
  const again = await loadSnapshot(coded, { codec });
  expect((again.instances[0]!.tables[0]!.elements[7] as HostRef).value).toBe(thing);
});

test("instances share what they share, and what the host supplies stays the host's", async () => {
  const first = moduleOf(`(memory (export "m") 1) (table (export "t") 1 externref)
    (func (export "get") (result i32) (i32.load (i32.const 8)))`);
  const second = moduleOf(`(import "a" "m" (memory 1)) (import "b" "get" (func $get (result i32)))
    (import "host" "mem" (memory 1)) (import "tables" "tab" (table 2 externref))
    (func (export "run") (param i32) (result i32) (i32.store 0 (i32.const 8) (local.get 0)) (call $get))`);
  const machine = new Machine();
  const a = instantiate(machine, first);
  const limits = { min: 1n, address: "i32", shared: false, pageSizeLog2: 16 } as const;
  const host = () => {
    const memory = new MemoryInstance({ limits });
    const type = { element: EXTERNREF as never, limits: { ...limits, min: 2n } };
    const table = new TableInstance(type, null);
    const externs = new Map<string, ExternInstance>([
      ["mem", { kind: "memory", memory }],
      ["tab", { kind: "table", table }],
    ]);
    return { memory, table, externs };
  };
  const old = host();
  const b = instantiate(machine, second, new Map([["a", a.exports], ["b", a.exports], ["host", old.externs], ["tables", old.externs]])); // prettier-ignore
  old.memory.view.setUint8(70, 5);
  old.table.elements[1] = new HostRef("x");
  machine.start(b.func("run"), [i32(42)]);
  const bytes = await saveSnapshot(machine, { instances: [b] });
  const now = host();
  const loaded = await loadSnapshot(bytes, {
    supply: () =>
      new Map([
        ["host", now.externs],
        ["tables", now.externs],
      ]),
  });
  expect(loaded.instances).toHaveLength(2);
  expect(loaded.instances[0]!.memories[1]).toBe(now.memory);
  expect(now.memory.view.getUint8(70)).toBe(5);
  expect((now.table.elements[1] as HostRef).value).toBe("x");
  expect(loaded.machine.run()).toEqual({ kind: "returned", results: [i32(42)] });
  expect(loaded.instances[1]!.memories[0]!.view.getInt32(8, true)).toBe(42);
  // Without them the loader makes its own.
  const alone = await loadSnapshot(bytes);
  expect(alone.instances[0]!.memories[1]!.view.getUint8(70)).toBe(5);
});

test("JavaScript between two calls cannot be saved, and the stack is told", async () => {
  const module = moduleOf(`(import "env" "ask" (func $ask (param i32) (result i32)))
    (func $inner (export "inner") (param i32) (result i32) (call $ask (local.get 0)))
    (func $outer (export "run") (param i32) (result i32) (call $ask (local.get 0)))`);
  const machine = new Machine();
  let problem: Promise<unknown> | undefined;
  let instance: ReturnType<typeof instantiate>;
  let depth = 0;
  const type = module.context.defTypes[module.context.funcs[0]!]!;
  const ask = FuncInstance.host(type, "env.ask", () => {
    if (depth++ === 0) return machine.invoke(instance.func("inner"), [i32(1)]);
    problem = saveSnapshot(machine, { instances: [instance] });
    problem.catch(() => undefined);
    return [i32(2)];
  });
  const externs = new Map<string, ExternInstance>([["ask", { kind: "func", func: ask }]]);
  instance = instantiate(machine, module, new Map([["env", externs]]));
  machine.invoke(instance.func("run"), [i32(0)]);
  await expect(problem).rejects.toThrow(/JavaScript frames cannot be saved.*inner.*run/s);
});

test("functions of the host that nobody imports cannot be saved", async () => {
  const module = moduleOf(`(table (export "t") 1 funcref)`);
  const machine = new Machine();
  const instance = instantiate(machine, module);
  const comp = { kind: "func", params: [], results: [] } as const;
  const [type] = closeTypes([{ final: true, supers: [], comp, groupStart: 0, groupSize: 1 }]);
  instance.tables[0]!.elements[0] = FuncInstance.host(type!, "stray", () => []);
  await expect(saveSnapshot(machine, { instances: [instance] })).rejects.toThrow(/stray/);
});

describe("files", () => {
  const someBytes = async (wat = PROGRAMS["continuations"]!, fuel = 150) => {
    const at = start(wat, 4);
    at.machine.run({ fuel });
    return save(at);
  };

  test("what is no snapshot, of another version, cut or damaged is refused", async () => {
    const bytes = await someBytes();
    const reason = async (change: (copy: Uint8Array) => Uint8Array) =>
      load(change(bytes.slice())).then(
        () => "loaded",
        (error: unknown) => (error as SnapshotError).message,
      );
    expect(await reason(() => new Uint8Array(10))).toMatch(/this is no snapshot/);
    expect(await reason((b) => b.subarray(0, 20))).toMatch(/ends in its header/);
    expect(await reason((b) => ((b[7] = 9), b))).toMatch(/format version 9, written by a later/);
    expect(await reason((b) => b.subarray(0, b.length - 1))).toMatch(/the file is damaged/);
    expect(await reason((b) => ((b[b.length - 1]! ^= 1), b))).toMatch(/the file is damaged/);
  });

  test("modules may be left out, and are known by their hashes", async () => {
    const at = start(PROGRAMS["exceptions"]!, 4);
    at.machine.run({ fuel: 60 });
    const { bytes: module } = at.instances[0]!.module;
    const bytes = await saveSnapshot(at.machine, { instances: at.instances, embedModules: false });
    await expect(loadSnapshot(bytes)).rejects.toThrow(/needs the module with the SHA-256/);
    const other = loadSnapshot(bytes, { module: () => module.slice(0, 8) });
    await expect(other).rejects.toThrow(/not the one that the hash is of/);
    const loaded = await loadSnapshot(bytes, { module: () => module });
    expect(loaded.machine.run().kind).toBe("returned");
  });

  /** Seeds: `BOBBIN_SEEDS=0:20000`. */
  const [from, to] = (process.env["BOBBIN_SEEDS"] ?? "0:200").split(":").map(Number) as [number, number]; // prettier-ignore

  test.each(Object.keys(PROGRAMS))(
    "%s: contents that were changed, with a checksum that fits, are refused or run in order",
    async (name) => {
      const files = await Promise.all(
        [30, 120, 260].map(async (fuel) => unpack(await someBytes(PROGRAMS[name], fuel), 2 ** 30)),
      );
      let refused = 0;
      let ran = 0;
      for (let seed = from; seed < to; seed++) {
        const next = random(seed);
        const file = files[next() % files.length]!;
        const sections = file.sections.map(({ name, bytes }) => ({ name, bytes: bytes.slice() }));
        for (let changes = 1 + (next() % 3); changes > 0; changes--) {
          const section = sections[next() % sections.length]!;
          section.bytes = changed(section.bytes, next);
        }
        const bytes = await pack({ features: file.features, sections }, false);
        try {
          const { machine } = await load(bytes);
          if (machine.fiber !== null) await drive(machine, { fuel: 3000 });
          ran++;
        } catch (error) {
          if (!(error instanceof BobbinError) || error instanceof CrashError)
            throw new Error(`seed ${seed}`, { cause: error });
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(0);
      expect(ran).toBeGreaterThan(0);
    },
    600_000,
  );
});

/** Bits flipped, bytes set, pieces cut out, doubled, or put elsewhere. */
function changed(bytes: Uint8Array<ArrayBuffer>, next: () => number): Uint8Array<ArrayBuffer> {
  if (bytes.length === 0) return bytes;
  const at = next() % bytes.length;
  const copy = bytes.slice();
  const length = Math.min(1 + (next() % 12), bytes.length - at);
  switch (next() % 5) {
    case 0:
      copy[at]! ^= 1 << (next() % 8);
      return copy;
    case 1:
      copy[at] = next();
      return copy;
    case 2:
      return Uint8Array.from([...copy.subarray(0, at), ...copy.subarray(at + length)]);
    case 3:
      return Uint8Array.from([...copy.subarray(0, at + length), ...copy.subarray(at)]);
    default:
      copy.copyWithin(next() % copy.length, at, at + length);
      return copy;
  }
}
