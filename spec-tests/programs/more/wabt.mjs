// wabt: a text module to bytes, and back.

export const name = "wabt";
export const from = "wabt 1.0.39";
export const packages = ["wabt@1.0.39"];

export async function run(tell, load) {
  const { default: start } = await load("wabt");
  const wabt = await start();
  const module = wabt.parseWat(
    "t.wat",
    `(module (memory 1) (func (export "f") (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.load offset=4 (local.get 0))))))`,
  );
  module.validate();
  const { buffer, log } = module.toBinary({ log: true });
  tell(Buffer.from(buffer).toString("hex"));
  tell(log);
  const read = wabt.readWasm(buffer, { readDebugNames: true });
  read.generateNames();
  tell(read.toText({ foldExprs: true }));
  try {
    wabt.parseWat("bad.wat", "(module (func (i32.add)))").validate();
  } catch (error) {
    tell(error.message);
  }
}
