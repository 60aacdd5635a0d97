// The few functions of the web-platform-tests' harness that their `wasm/jsapi` uses, and how
// one file of them is run: its scripts together as the body of one function, for which
// `WebAssembly` is the object under test.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

class Failure extends Error {}

const fail = (what, description) => {
  throw new Failure(description ? `${description}: ${what}` : what);
};
const show = (value) => {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "symbol" || typeof value === "function") return String(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  return Object.prototype.toString.call(value);
};

function thrown(call, description) {
  try {
    call();
  } catch (error) {
    return error;
  }
  return fail("nothing was thrown", description);
}

function isError(error, constructor, description) {
  if (typeof error !== "object" || error === null || error.constructor !== constructor)
    fail(`${show(error)} (${error?.name}) is no ${constructor.name}`, description);
}

const asserts = {
  format_value: show,
  assert_true: (value, description) =>
    value === true || fail(`${show(value)} is not true`, description),
  assert_false: (value, description) =>
    value === false || fail(`${show(value)} is not false`, description),
  assert_equals: (actual, expected, description) =>
    Object.is(actual, expected) || fail(`${show(actual)} is not ${show(expected)}`, description),
  assert_not_equals: (actual, expected, description) =>
    !Object.is(actual, expected) || fail(`both are ${show(expected)}`, description),
  assert_array_equals(actual, expected, description) {
    asserts.assert_equals(actual.length, expected.length, `${description ?? ""} length`);
    for (let i = 0; i < expected.length; i++)
      asserts.assert_equals(actual[i], expected[i], `${description ?? ""} element ${i}`);
  },
  assert_throws_js: (constructor, call, description) =>
    isError(thrown(call, description), constructor, description),
  assert_throws_exactly: (value, call, description) =>
    asserts.assert_equals(thrown(call, description), value, description),
  /** An older form: an error, or a class, and perhaps a pattern. */
  assert_throws: (kind, call, description) =>
    isError(thrown(call, description), typeof kind === "function" ? kind : kind.constructor, ""),
  assert_unreached: (description) => fail("reached", description),
  assert_not_reached: (description) => fail("reached", description),
  assert_own_property: (object, name, description) =>
    Object.hasOwn(object, name) || fail(`no own property ${String(name)}`, description),
  assert_not_own_property: (object, name, description) =>
    !Object.hasOwn(object, name) || fail(`an own property ${String(name)}`, description),
  assert_class_string: (object, name, description) =>
    asserts.assert_equals(Object.prototype.toString.call(object), `[object ${name}]`, description),
};

async function rejected(promise, description) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return fail("nothing was rejected", description);
}
const rejections = {
  promise_rejects_js: async (_, constructor, promise, description) =>
    isError(await rejected(promise, description), constructor, description),
  promise_rejects_exactly: async (_, value, promise, description) =>
    asserts.assert_equals(await rejected(promise, description), value, description),
  promise_rejects: async (_, kind, promise) =>
    isError(await rejected(promise), typeof kind === "function" ? kind : kind.constructor),
};

/** Makes modules of a million entries, for minutes. */
const LONG = /^limits/;

/**
 * The tests, which are no part of the project: where BOBBIN_WPT says, or beside a
 * developer's checkout. The specification's repository has them too, as `test/js-api`.
 */
export function findTests() {
  const given =
    process.env["BOBBIN_WPT"] ?? fileURLToPath(new URL("../../../shared/wpt", import.meta.url));
  const root = ["wasm/jsapi", "test/js-api", "."]
    .map((folder) => join(given, folder))
    .find((folder) => existsSync(join(folder, "wasm-module-builder.js")));
  if (root === undefined) return null;
  const files = readdirSync(root, { recursive: true })
    .filter((file) => file.endsWith(".any.js"))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((file) => ({ file, long: LONG.test(file) }));
  return { root, files };
}

/** The scripts of a test file, in order, ending with itself. `root` is the folder `wasm/jsapi`. */
function scriptsOf(root, file) {
  const path = join(root, file);
  const source = readFileSync(path, "utf8");
  const included = [...source.matchAll(/^\/\/ META: script=(\S+)/gm)].map(([, script]) =>
    script.startsWith("/wasm/jsapi/")
      ? join(root, script.slice("/wasm/jsapi/".length))
      : join(dirname(path), script),
  );
  return [...included.map((script) => readFileSync(script, "utf8")), source];
}

/**
 * Runs a file of tests.
 * @returns one entry for each test, in order: { name, failure } with failure null if it passed
 */
export async function runFile(root, file, WebAssembly) {
  const results = [];
  const pending = [];
  const finish = (name, failure) => results.push({ name, failure });
  const failureOf = (error) =>
    error instanceof Failure
      ? error.message
      : `${error?.name ?? "thrown"}: ${error?.message ?? show(error)}`;
  const cleanups = [];
  const context = {
    add_cleanup: (action) => cleanups.push(action),
    done: () => undefined,
    unreached_func: (description) => () => fail("called", description),
  };
  const cleanUp = () => cleanups.splice(0).forEach((action) => action());
  let unnamed = 0;
  const titled = (name) => name ?? `(unnamed ${++unnamed})`;
  const api = {
    ...asserts,
    ...rejections,
    setup: (action) => typeof action === "function" && action(),
    done: () => undefined,
    test(body, name) {
      const title = titled(name);
      try {
        body(context);
        finish(title, null);
      } catch (error) {
        finish(title, failureOf(error));
      }
      cleanUp();
    },
    /** Such tests come one after the other, behind the others. */
    promise_test(body, name) {
      pending.push([body, titled(name)]);
    },
  };
  const global = Object.defineProperty(Object.create(null), "WebAssembly", {
    value: WebAssembly,
    writable: true,
    configurable: true,
  });
  const names = Object.keys(api);
  try {
    // What a script gives its global object, the next one finds by name.
    const source = `with (this) {\n${scriptsOf(root, file).join("\n;\n")}\n}`;
    // oxlint-disable-next-line typescript/no-implied-eval -- what is run is such a script
    new Function("self", ...names, source).call(global, global, ...Object.values(api));
  } catch (error) {
    finish("(the file itself)", failureOf(error));
  }
  for (const [body, title] of pending) {
    try {
      await body(context);
      finish(title, null);
    } catch (error) {
      finish(title, failureOf(error));
    }
    cleanUp();
  }
  return results;
}
