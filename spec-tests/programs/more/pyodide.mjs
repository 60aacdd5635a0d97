// CPython, with its standard library, on Emscripten: dynamic linking, exceptions, proxies.

export const name = "Pyodide";
export const from = "pyodide 314.0.7";
export const packages = ["pyodide@314.0.7"];

export async function run(tell, load) {
  const { loadPyodide } = await load("pyodide");
  const python = await loadPyodide();
  tell(
    python.runPython(`
import json, re, functools
def gen():
    x = yield 1
    yield x * 2
g = gen(); next(g)
json.dumps([g.send(21), re.findall(r"\\w+", "a bc d"), functools.reduce(lambda a, b: a * b, range(1, 25)), sorted("python")])
`),
  );
  tell(python.runPython("sum(i * i for i in range(2000))"));
  try {
    python.runPython("1 / 0");
  } catch (error) {
    tell(error.message.trim().split("\n").at(-1));
  }
}
