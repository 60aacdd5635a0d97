// How long a module takes until its first call is done, here and in the host's V8, and
// what stays in memory: `node bench/load.mjs`, after `npm run build`.
//
//   node bench/load.mjs [--sizes 1,4,16] [--rounds N] [--json] [--check]
//   node bench/load.mjs --file X.wasm [--invoke NAME]    another module; NAME takes no arguments and
//                                                       comes to an end with imports that return 0
//
// Modules are what users load: cold, each in a process of its own, V8 and Bobbin in turns
// within it. Those measured without --file are the code of @mdn/watify, which rustc made,
// over and over. V8 keeps what it compiled for equal bytes, but not across processes.
// --check fails where a module takes a second more than V8, or longer, per 16 MB: by the
// clock or, where others keep the processors busy, by the time that they spent on it.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const MB = 2 ** 20;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const INDEX = here("../dist/index.js");

// Modules

function leb(n) {
  const bytes = [];
  for (; n > 0x7f; n >>>= 7) bytes.push((n & 0x7f) | 0x80);
  return [...bytes, n];
}

/** The sections of a module, and of the vector in one the count and where its entries begin. */
function sectionsOf(bytes) {
  const sections = [];
  let pos = 8;
  const u32 = () => {
    let n = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[pos++];
      n |= (byte & 0x7f) << shift;
      if (byte < 0x80) return n >>> 0;
    }
  };
  while (pos < bytes.length) {
    const id = bytes[pos++];
    const end = u32() + pos;
    const start = pos;
    const count = id === 0 ? 0 : u32();
    sections.push({
      id,
      payload: bytes.subarray(start, end),
      count,
      entries: bytes.subarray(pos, end),
    });
    pos = end;
  }
  return sections;
}

/** All functions of the module again and again, until it is of that size, and `first`, which returns 42. */
function repeated(module, size) {
  const sections = sectionsOf(module);
  const times = Math.ceil(
    (size - module.length) / sections.find(({ id }) => id === 10).entries.length,
  );
  const type = sections.find(({ id }) => id === 1).count;
  const imports = sections.find(({ id }) => id === 2)?.count ?? 0;
  const index = imports + sections.find(({ id }) => id === 3).count * (times + 1);
  const more = {
    1: [0x60, 0, 1, 0x7f],
    3: leb(type),
    7: [5, ...Buffer.from("first"), 0, ...leb(index)],
    10: [4, 0, 0x41, 42, 0x0b],
  };
  const parts = [module.subarray(0, 8)];
  for (const { id, payload, count, entries } of sections) {
    let content = [payload];
    if (more[id] !== undefined) {
      const copies = id === 3 || id === 10 ? times : 0;
      content = [Uint8Array.from(leb(count * (copies + 1) + 1)), entries];
      for (let i = 0; i < copies; i++) content.push(entries);
      content.push(Uint8Array.from(more[id]));
    }
    const length = content.reduce((sum, part) => sum + part.length, 0);
    parts.push(Uint8Array.from([id, ...leb(length)]), ...content);
  }
  return Buffer.concat(parts);
}

// One load, in a process of its own

/** What a module imports, for V8 and for Bobbin: functions that do nothing, and memories. */
function importsFor(bobbin, module) {
  const v8 = {};
  const own = new Map();
  for (const { module: from, name, description } of module.imports) {
    if (!own.has(from)) own.set(from, new Map());
    let extern;
    if (description.kind === "func") {
      (v8[from] ??= {})[name] = () => 0;
      const type = module.context.defTypes[description.type];
      const results = type.sub.comp.results.map((t) => bobbin.parseValue("0", t));
      extern = { kind: "func", func: bobbin.FuncInstance.host(type, name, () => results) };
    } else if (description.kind === "memory") {
      const { min, max } = description.type.limits;
      const limits = {
        initial: Number(min),
        ...(max === undefined ? {} : { maximum: Number(max) }),
      };
      (v8[from] ??= {})[name] = new WebAssembly.Memory(limits);
      extern = { kind: "memory", memory: new bobbin.MemoryInstance(description.type) };
    } else
      throw new Error(
        `imports the ${description.kind} ${from}.${name}: only functions and memories are made here`,
      );
    own.get(from).set(name, extern);
  }
  return { v8, own };
}

const attempt = (call) => {
  try {
    return call();
  } catch {
    // Imports do nothing: what the program makes of that is its own affair.
    return null;
  }
};

async function loadOnce({ file, invoke, lazy, v8First }) {
  const bobbin = await import(pathToFileURL(INDEX).href);
  const bytes = readFileSync(file);
  // Imports are looked at on the shell of the module: no code is read.
  const imports = importsFor(bobbin, bobbin.validate(bobbin.decode(shellOf(bytes))));
  const stages = {};
  const timed = (name, action) => {
    const start = performance.now();
    const result = action();
    stages[name] = performance.now() - start;
    return result;
  };
  const inV8 = () => {
    const module = timed("v8Compile", () => new WebAssembly.Module(bytes));
    const instance = timed("v8Instantiate", () => new WebAssembly.Instance(module, imports.v8));
    timed("v8Call", () => invoke && attempt(() => instance.exports[invoke]()));
  };
  let heap;
  const instances = [];
  const inBobbin = () => {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    const decoded = timed("decode", () => bobbin.decode(bytes, { lazyBodies: true }));
    const module = timed("validate", () => bobbin.validate(decoded, { lazy }));
    const machine = new bobbin.Machine();
    const instance = timed("instantiate", () => bobbin.instantiate(machine, module, imports.own));
    timed("call", () => invoke && attempt(() => machine.invoke(instance.func(invoke), [])));
    globalThis.gc?.();
    heap = process.memoryUsage().heapUsed - before;
    instances.push(instance);
  };
  const turns = [
    ["v8Cpu", inV8],
    ["ownCpu", inBobbin],
  ];
  for (const [name, run] of v8First ? turns : turns.toReversed()) {
    const { user, system } = process.cpuUsage();
    run();
    const spent = process.cpuUsage({ user, system });
    stages[name] = (spent.user + spent.system) / 1000;
  }
  return { ...stages, heap, size: bytes.length };
}

/** The module without code, tables of it, exports and data: for what it imports. */
function shellOf(bytes) {
  const parts = [bytes.subarray(0, 8)];
  for (const { id, payload } of sectionsOf(bytes))
    if (id === 1 || id === 2) parts.push(Uint8Array.from([id, ...leb(payload.length)]), payload);
  return Buffer.concat(parts);
}

// All of them, and what comes of it

function loadIn(task, ...flags) {
  const args = [...flags, here("load.mjs"), "--once", JSON.stringify(task)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", maxBuffer: MB }));
}

function quartiles(list) {
  const sorted = list.toSorted((a, b) => a - b);
  const at = (part) => sorted[Math.round((sorted.length - 1) * part)];
  return { median: at(0.5), q1: at(0.25), q3: at(0.75) };
}

const V8 = ["v8Compile", "v8Instantiate", "v8Call"];
const OWN = ["decode", "validate", "instantiate", "call"];
const total = (stages, names) => names.reduce((sum, name) => sum + stages[name], 0);

function measure({ name, file, invoke }, rounds) {
  const runs = { eager: [], lazy: [] };
  for (let i = 0; i < rounds; i++)
    for (const mode of ["eager", "lazy"])
      runs[mode].push(loadIn({ file, invoke, lazy: mode === "lazy", v8First: i % 2 === 0 }));
  const { size } = runs.eager[0];
  const modes = Object.entries(runs).map(([mode, list]) => {
    const { heap } = loadIn({ file, invoke, lazy: mode === "lazy", v8First: true }, "--expose-gc");
    return [
      mode,
      {
        stages: Object.fromEntries(
          OWN.map((stage) => [stage, quartiles(list.map((run) => run[stage])).median]),
        ),
        total: quartiles(list.map((run) => total(run, OWN))),
        more: quartiles(list.map((run) => total(run, OWN) - total(run, V8))),
        cpu: quartiles(list.map((run) => run.ownCpu)),
        heapPerByte: heap / size,
      },
    ];
  });
  const v8 = quartiles(runs.eager.concat(runs.lazy).map((run) => total(run, V8)));
  const v8Cpu = quartiles(runs.eager.concat(runs.lazy).map((run) => run.v8Cpu));
  return { name, size, v8, v8Cpu, ...Object.fromEntries(modes) };
}

/** `first` returns 42. */
const SMALL = Uint8Array.from(
  [
    [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    [1, 5, 1, 0x60, 0, 1, 0x7f],
    [3, 2, 1, 0],
    [7, 9, 1, 5, ...Buffer.from("first"), 0, 0],
    [10, 6, 1, 4, 0, 0x41, 42, 0x0b],
  ].flat(),
);

/** What a process takes that does next to nothing. */
function coldStart(rounds, work) {
  const small = join(work, "small.wasm");
  writeFileSync(small, SMALL);
  const commands = {
    node: ["-e", "0"],
    "import of the library": [
      "--input-type=module",
      "-e",
      `import ${JSON.stringify(pathToFileURL(INDEX).href)}`,
    ],
    "bobbin run": [here("../dist/cli.js"), "run", small, "--invoke", "first"],
  };
  const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let i = 0; i < rounds * 2; i++)
    for (const [name, args] of Object.entries(commands)) {
      const start = performance.now();
      const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
      if (status !== 0) throw new Error(`node ${args.join(" ")} failed`);
      times[name].push(performance.now() - start);
    }
  return Object.fromEntries(Object.entries(times).map(([name, list]) => [name, quartiles(list)]));
}

const ms = ({ median, q1, q3 }) => `${median.toFixed(0)} (${q1.toFixed(0)}..${q3.toFixed(0)})`;

function table(lines) {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join("  "),
    )
    .join("\n");
}

function print({ host, rows, start }) {
  const lines = [
    [
      "module",
      "MB",
      "V8",
      "CPU",
      "validation",
      ...OWN,
      "Bobbin",
      "more than V8",
      "CPU",
      "heap MB/MB",
    ],
  ];
  for (const row of rows)
    for (const mode of ["eager", "lazy"]) {
      const { stages, total: all, more, cpu, heapPerByte } = row[mode];
      const first =
        mode === "eager"
          ? [row.name, (row.size / MB).toFixed(1), ms(row.v8), row.v8Cpu.median.toFixed(0)]
          : ["", "", "", ""];
      lines.push([
        ...first,
        mode,
        ...OWN.map((stage) => stages[stage].toFixed(0)),
        ms(all),
        ms(more),
        cpu.median.toFixed(0),
        heapPerByte.toFixed(2),
      ]);
    }
  console.log(`milliseconds until the first call is done, in a fresh process: median (quartiles)
CPU: of all threads, so less moved by what else the machine does; V8 is ${host}
`);
  console.log(table(lines));
  console.log("\nmilliseconds that a process takes\n");
  console.log(table(Object.entries(start).map(([name, times]) => [name, ms(times)])));
}

/** @returns the exit code */
export async function load({
  sizes = "1,4,16",
  rounds = "5",
  file,
  invoke,
  json = false,
  check = false,
}) {
  if (!existsSync(INDEX)) throw new Error("there is no dist: npm run build first");
  const work = mkdtempSync(join(tmpdir(), "bobbin-load-"));
  try {
    const modules =
      file === undefined ? await generate(work, sizes) : [{ name: basename(file), file, invoke }];
    const rows = modules.map((module) => {
      if (!json) process.stderr.write(`\r${module.name} …${" ".repeat(20)}`);
      return measure(module, Number(rounds));
    });
    if (!json) process.stderr.write("\r".padEnd(40) + "\r");
    const result = { host: process.versions.v8, rows, start: coldStart(Number(rounds), work) };
    if (json) console.log(JSON.stringify(result));
    else print(result);
    const slow = rows.filter(({ size, eager, v8Cpu }) => {
      const more = Math.min(eager.more.median, eager.cpu.median - v8Cpu.median);
      return more > 1000 * Math.max(1, size / (16 * MB));
    });
    if (check)
      for (const { name } of slow) console.error(`${name}: a second more than V8, or longer`);
    return check && slow.length > 0 ? 1 : 0;
  } finally {
    rmSync(work, { recursive: true });
  }
}

async function generate(work, sizes) {
  const code = readFileSync(
    fileURLToPath(import.meta.resolve("@mdn/watify").replace(/[^/]*$/, "watify_bg.wasm")),
  );
  return sizes.split(",").map((size) => {
    const file = join(work, `${size}.wasm`);
    writeFileSync(file, repeated(code, Number(size) * MB));
    return { name: `${size} MB of code`, file, invoke: "first" };
  });
}

if (process.argv[1] === here("load.mjs")) {
  const { values } = parseArgs({
    options: {
      sizes: { type: "string" },
      rounds: { type: "string" },
      file: { type: "string" },
      invoke: { type: "string" },
      json: { type: "boolean" },
      check: { type: "boolean" },
      once: { type: "string" },
    },
  });
  if (values.once !== undefined)
    console.log(JSON.stringify(await loadOnce(JSON.parse(values.once))));
  else process.exitCode = await load(values);
}
