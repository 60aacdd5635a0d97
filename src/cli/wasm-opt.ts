// Binaryen's `wasm-opt`, of which some passes are in no JavaScript API. It is a program
// of Node that compiles ten megabytes each time it starts: here its script is compiled
// once and run many times, each time with the arguments and the output of a process of
// its own.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { compileFunction } from "node:vm";
import { hostEngine } from "../compare/engine.js";
import { UsageError } from "../util/errors.js";

/** How the script ends: its promise must be ours, or nobody hears of a failure. */
const LAST = /createWasm\(\)\.then\(\(\)\s*=>\s*run\(\)\);?\s*$/;

type Script = (...args: unknown[]) => Promise<unknown>;
interface Compiler {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<object>;
}

export class WasmOpt {
  private compiled: Promise<object> | undefined;

  private constructor(
    private readonly script: Script,
    private readonly path: string,
    private readonly require: NodeJS.Require,
    private readonly directory: string,
  ) {}

  /** @throws UsageError where Binaryen is not installed, or is one whose `wasm-opt` is made differently */
  static open(): WasmOpt {
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
    const directory = mkdtempSync(join(tmpdir(), "bobbin-fuzz-"));
    return new WasmOpt(script, path, createRequire(path), directory);
  }

  /**
   * @param args what is to be done, without the names of files
   * @throws UsageError where nothing comes of it
   */
  async run(input: Uint8Array, args: readonly string[]): Promise<Uint8Array> {
    const from = join(this.directory, "input");
    const to = join(this.directory, "output.wasm");
    writeFileSync(from, input);
    rmSync(to, { force: true });
    const told: string[] = [];
    const own: object = Object.create(process, {
      argv: { value: ["node", this.path, from, "-o", to, "-q", ...args] },
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
      const what = `wasm-opt ${args.join(" ")}`;
      throw new UsageError(`${what} made no module: ${String(error)} ${told.join("")}`.trim());
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
