// The types of the object `WebAssembly`: those of the host's library are not everywhere.

import type { AsyncifyEnd } from "../observe/check/explain.js";

export type { AsyncifyEnd };
export type BufferSource = ArrayBufferView | ArrayBufferLike;
export type AddressValue = number | bigint;
export type ValueTypeName = "i32" | "i64" | "f32" | "f64" | "v128" | "externref" | "anyfunc";
export type ImportExportKind = "function" | "table" | "memory" | "global" | "tag";

export interface ModuleExportDescriptor {
  name: string;
  kind: ImportExportKind;
}
export interface ModuleImportDescriptor extends ModuleExportDescriptor {
  module: string;
}
export interface CompileOptions {
  builtins?: Iterable<string>;
  importedStringConstants?: string | null;
}
export interface SizeDescriptor {
  initial: AddressValue;
  maximum?: AddressValue;
  address?: "i32" | "i64";
}
export interface MemoryDescriptor extends SizeDescriptor {
  shared?: boolean;
}
export interface TableDescriptor extends SizeDescriptor {
  element: "anyfunc" | "externref";
}
export interface GlobalDescriptor {
  value: ValueTypeName;
  mutable?: boolean;
}
export interface TagType {
  parameters: Iterable<ValueTypeName>;
}

/** A frame of wasm, as the property `wasm` of errors has it. */
export interface WasmFrame {
  /** The function's name, or `func[7]` where it has none. */
  readonly function: string;
  /** Its index in the module, imports included. */
  readonly index: number;
  /** As engines name modules in stacks: `wasm://wasm/name-0123abcd`. */
  readonly module: string;
  /** Byte offset of the instruction in the module. */
  readonly offset: number;
  /** The instruction's mnemonic. */
  readonly instruction: string;
  /** Lines and columns count from 1; a column of 0 is not known. Null where nothing tells. */
  readonly source: { readonly file: string; readonly line: number; readonly column: number } | null;
}

/** The property `wasm` of errors that leave wasm. */
export interface WasmTrace {
  /** The specification's text of a trap; `uncaught exception`; `cannot suspend`. */
  readonly reason: string;
  /** Innermost first; of very deep stacks, the innermost hundred. */
  readonly frames: readonly WasmFrame[];
  /** Frames in all. */
  readonly depth: number;
  /** The number of the machine's fiber; null where none ran. */
  readonly fiber: number | null;
  /** Null where Asyncify has nothing to do with it. */
  readonly asyncify: AsyncifyEnd | null;
}

export type Module = object;
export interface Instance {
  // What an export is, only its module says.
  readonly exports: Record<string, any>;
}
export interface InstantiatedSource {
  module: Module;
  instance: Instance;
}
export interface Memory {
  readonly buffer: ArrayBuffer;
  grow(delta: AddressValue): AddressValue;
  toFixedLengthBuffer(): ArrayBuffer;
  toResizableBuffer(): ArrayBuffer;
}
export interface Table {
  readonly length: AddressValue;
  get(index: AddressValue): any;
  set(index: AddressValue, value?: unknown): void;
  grow(delta: AddressValue, value?: unknown): AddressValue;
}
export interface Global {
  value: any;
  valueOf(): any;
}
export type Tag = object;
export interface Exception {
  readonly stack: string | undefined;
  is(tag: Tag): boolean;
  getArg(tag: Tag, index: number): any;
}

export interface WebAssemblyNamespace {
  validate(bytes: BufferSource, options?: CompileOptions): boolean;
  compile(bytes: BufferSource, options?: CompileOptions): Promise<Module>;
  instantiate(
    bytes: BufferSource,
    importObject?: object,
    options?: CompileOptions,
  ): Promise<InstantiatedSource>;
  instantiate(module: Module, importObject?: object): Promise<Instance>;
  compileStreaming(source: object, options?: CompileOptions): Promise<Module>;
  instantiateStreaming(
    source: object,
    importObject?: object,
    options?: CompileOptions,
  ): Promise<InstantiatedSource>;
  promising(func: (...args: any[]) => unknown): (...args: any[]) => Promise<any>;
  readonly JSTag: Tag;

  Module: {
    new (bytes: BufferSource, options?: CompileOptions): Module;
    exports(module: Module): ModuleExportDescriptor[];
    imports(module: Module): ModuleImportDescriptor[];
    customSections(module: Module, sectionName: string): ArrayBuffer[];
  };
  Instance: new (module: Module, importObject?: object) => Instance;
  Memory: new (descriptor: MemoryDescriptor) => Memory;
  Table: new (descriptor: TableDescriptor, value?: unknown) => Table;
  Global: new (descriptor: GlobalDescriptor, value?: unknown) => Global;
  Tag: new (type: TagType) => Tag;
  Exception: new (
    tag: Tag,
    payload: Iterable<unknown>,
    options?: { traceStack?: boolean },
  ) => Exception;
  CompileError: ErrorConstructor;
  LinkError: ErrorConstructor;
  RuntimeError: ErrorConstructor;
  SuspendError: ErrorConstructor;
  /** An import whose promises suspend the program. */
  Suspending: new (func: (...args: any[]) => unknown) => object;
}
