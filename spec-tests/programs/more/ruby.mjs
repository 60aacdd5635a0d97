// CRuby on WASI: its exceptions, fibers and the scan of registers by its collector all unwind and
// rewind by Asyncify, from inside of the module.

import { readFileSync } from "node:fs";

export const name = "Ruby";
export const from = "@ruby/3.4-wasm-wasi 2.10.1";
export const instrumented = true;
export const packages = ["@ruby/3.4-wasm-wasi@2.10.1", "@ruby/wasm-wasi@2.10.1"];

const SCRIPT = `
  out = []
  fiber = Fiber.new { |x| 3.times { |i| x = Fiber.yield(x * 10 + i) }; :done }
  out << [fiber.resume(1), fiber.resume(2), fiber.resume(3), fiber.resume(4)].inspect
  primes = Enumerator.new { |y| n = 2; loop { y << n if (2...n).none? { |d| (n % d).zero? }; n += 1 } }
  out << primes.lazy.select(&:odd?).map { |n| n * n }.first(5).inspect
  outer = Enumerator.new { |y| inner = [1, 2, 3].each; loop { y << inner.next * 2 }; y << :end }
  out << [outer.next, outer.next, outer.next, outer.next].inspect
  begin
    [1, 2].each { |n| raise ArgumentError, "no #{n}" if n > 1 }
  rescue => error
    out << error.message
  ensure
    out << "ensured"
  end
  out << catch(:found) { 10.times { |i| 10.times { |j| throw :found, [i, j] if i * j == 42 } } }.inspect
  GC.start
  out << (1..200).map { |n| "s" * n }.sum(&:size)
  out << "größe 二".scan(/\\p{L}+/).inspect
  out.join("\\n")`;

export async function run(tell, load) {
  const { DefaultRubyVM } = await load("@ruby/wasm-wasi/dist/browser");
  const file = load.path("@ruby/3.4-wasm-wasi/dist/ruby.wasm");
  const { vm } = await DefaultRubyVM(await WebAssembly.compile(readFileSync(file)));
  for (const line of vm.eval(SCRIPT).toString().split("\n")) tell(line);
}
