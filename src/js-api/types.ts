// The types of the object `WebAssembly`: those of the host's library are not everywhere.

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
