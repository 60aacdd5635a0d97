// Random valid modules, made by Binaryen's `wasm-opt --translate-to-fuzz`, which its
// JavaScript API does not offer. `wasm-opt` is a program of Node that compiles ten
// megabytes each time it starts: here its script is compiled once and run many
// times, each time with the arguments and the output of a process of its own.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { compileFunction } from "node:vm";
import { hostEngine } from "../compare/engine.js";
import { random } from "../util/random.js";
import { UsageError } from "../util/errors.js";

/** Features that V8 of Node 20 has by default. */
const FEATURES = [
  "--mvp-features",
  "--enable-simd",
  "--enable-bulk-memory",
  "--enable-reference-types",
  "--enable-multivalue",
  "--enable-sign-ext",
  "--enable-nontrapping-float-to-int",
  "--enable-mutable-globals",
  "--enable-tail-call",
];
/** How the script ends: its promise must be ours, or nobody hears of a failure. */
const LAST = /createWasm\(\)\.then\(\(\)\s*=>\s*run\(\)\);?\s*$/;
const LARGEST = 12_000;

type Script = (...args: unknown[]) => Promise<unknown>;
interface Compiler {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<object>;
}

export interface FuzzModuleOptions {
  /** Instrument the module to turn each NaN into zero: then nothing depends on the bits of a NaN. */
  readonly denan?: boolean;
}

/** The bytes that Binaryen turns into the module of a seed: sizes are small more often than large. */
export function fuzzInput(seed: number): Uint8Array {
  const next = random(seed);
  const bytes = new Uint8Array(20 + Math.floor((next() / 2 ** 32) ** 2 * LARGEST));
  return bytes.map(() => next() & 0xff);
}

export class FuzzModules {
  private compiled: Promise<object> | undefined;

  private constructor(
    private readonly script: Script,
    private readonly path: string,
    private readonly require: NodeJS.Require,
    private readonly directory: string,
  ) {}

  /** @throws UsageError where Binaryen is not installed, or is one whose `wasm-opt` is made differently */
  static open(): FuzzModules {
    const own = createRequire(import.meta.url);
    let path: string;
    let source: string;
    try {
      path = own.resolve("binaryen/bin/wasm-opt");
      source = readFileSync(path, "utf8");
    } catch {
      throw new UsageError("--fuzz makes its modules with binaryen: npm install binaryen");
    }
    if (!LAST.test(source))
      throw new UsageError("--fuzz cannot run the wasm-opt of this binaryen: 132 is known to work");
    const text = source.replace(/^#!.*/, "").replace(LAST, "return createWasm().then(()=>run());");
    const parameters = ["process", "require", "WebAssembly", "__filename", "__dirname"];
    const script = compileFunction(text, parameters, { filename: path }) as unknown as Script;
    return new FuzzModules(
      script,
      path,
      createRequire(path),
      mkdtempSync(join(tmpdir(), "bobbin-fuzz-")),
    );
  }

  /** @throws UsageError where Binaryen makes no module of these bytes */
  async make(input: Uint8Array, { denan = false }: FuzzModuleOptions = {}): Promise<Uint8Array> {
    const from = join(this.directory, "input");
    const to = join(this.directory, "output.wasm");
    writeFileSync(from, input);
    rmSync(to, { force: true });
    const told: string[] = [];
    const argv = ["-ttf", from, "-o", to, "-q", ...FEATURES, ...(denan ? ["--denan"] : [])];
    const own: object = Object.create(process, {
      argv: { value: ["node", this.path, ...argv] },
      exitCode: { value: 0, writable: true },
    }) as object;
    const require = (name: string): unknown =>
      name.replace(/^node:/, "") === "fs"
        ? quiet(this.require("fs") as Fs, told)
        : this.require(name);
    const compiler = hostEngine() as unknown as Compiler;
    const engine: object = Object.create(compiler, {
      instantiate: {
        value: async (bytes: Uint8Array, imports: object) => {
          const module = await (this.compiled ??= compiler.compile(bytes));
          return { module, instance: await compiler.instantiate(module, imports) };
        },
      },
    }) as object;
    try {
      await this.script(own, require, engine, this.path, dirname(this.path));
      return new Uint8Array(readFileSync(to));
    } catch (error) {
      throw new UsageError(
        `wasm-opt -ttf made no module: ${String(error)} ${told.join("")}`.trim(),
      );
    }
  }

  /** Takes its files away. */
  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

type Fs = typeof import("node:fs");

/** The file system, but what the program says is kept instead of printed. */
function quiet(fs: Fs, told: string[]): Fs {
  const writeSync = (fd: number, data: Uint8Array, ...rest: number[]): number => {
    if (fd > 2) return (fs.writeSync as (...args: unknown[]) => number)(fd, data, ...rest);
    const [from = 0, length = data.length] = rest;
    told.push(new TextDecoder().decode(data.subarray(from, from + length)));
    return length;
  };
  return Object.create(fs, { writeSync: { value: writeSync } }) as Fs;
}
