// esbuild, in Go: its own scheduler and collector, goroutines that its glue wakes up.

export const name = "esbuild";
export const from = "esbuild-wasm 0.28.2";
export const packages = ["esbuild-wasm@0.28.2"];

export async function run(tell, load) {
  globalThis.self ??= globalThis;
  const esbuild = await load("esbuild-wasm/esm/browser.js");
  const { readFileSync } = await import("node:fs");
  const wasmModule = await WebAssembly.compile(
    readFileSync(load.path("esbuild-wasm/esbuild.wasm")),
  );
  await esbuild.initialize({ wasmModule, worker: false });
  const { code } = await esbuild.transform("const x: number = 1 + 2; enum E { A, B = 'b' }; export const f = async (y?: string) => (await y)?.length ?? E.A;", { loader: "ts", minify: true, target: "es2017" }); // prettier-ignore
  tell(code);
  const failed = await esbuild.transform("let x = ;", {}).catch((error) => error.errors[0].text);
  tell(failed);
  await esbuild.stop?.();
}
