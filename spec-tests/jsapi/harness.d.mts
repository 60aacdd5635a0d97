export interface TestResult {
  readonly name: string;
  /** Null if it passed. */
  readonly failure: string | null;
}
export interface Tests {
  /** The folder `wasm/jsapi`. */
  readonly root: string;
  /** `long` ones take minutes. */
  readonly files: readonly { readonly file: string; readonly long: boolean }[];
}
export function findTests(): Tests | null;
export function runFile(root: string, file: string, WebAssembly: object): Promise<TestResult[]>;
