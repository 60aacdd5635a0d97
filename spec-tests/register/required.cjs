// CommonJS, as a main program and as what others import. node required.cjs MODULE

const { readFileSync } = require("node:fs");

exports.answer = 42;
if (require.main === module) {
  const compiled = new WebAssembly.Module(readFileSync(process.argv[2]));
  const env = { log_i32: () => {} };
  console.log(new WebAssembly.Instance(compiled, { env }).exports.sum(10));
}
