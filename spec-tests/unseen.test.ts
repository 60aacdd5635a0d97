// What docs/asyncify.md tells of a change of state that no numbered call sees: natively and in
// the twin the function runs on, and natively further. This is outside of what compare promises.

import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { bobbin, fileOf, wat } from "../src/cli/testing.js";

const HOST = fileURLToPath(new URL("../fixtures/misuse/hosts/good.mjs", import.meta.url));
const OPTIONS = ["--asyncify-imports", "env.sleep", "--asyncify-ignore-indirect"];

/** Call 0, a call that is ignored and unwinds, and what stands between it and call 1. */
const program = (between: string) =>
  fileOf(
    "unseen.wasm",
    wat(`(module
      (type $nap (func (result i32)))
      (import "env" "sleep" (func $sleep (param i32) (result i32)))
      (import "env" "log" (func $log (param i32)))
      (memory (export "memory") 2)
      (table 1 1 funcref) (elem (i32.const 0) $nap)
      (func $nap (type $nap) (call $sleep (i32.const 1)))
      (func (export "main") (result i32)
        (local $x i32)
        (local.set $x (call $sleep (i32.const 2)))
        (call $log (call_indirect (type $nap) (i32.const 0)))
        ${between}
        (i32.add (local.get $x) (call $sleep (i32.const 3)))))`),
  );

test.each(["", "(if (local.get $x) (then (call $log (i32.const 6))))"])(
  "both run on to call 1, which only the native run makes; between them: %s",
  async (between) => {
    const argv = ["compare", program(between), "--invoke", "main", "--host", HOST, ...OPTIONS];
    const { stdout, code } = await bobbin([...argv, "--optimize-level", "0"]);
    expect(code).toBe(1);
    const logged = between === "" ? "log(i32:0)" : "log(i32:6)";
    const [, ours, theirs] = /first difference of native and twin[^]*?native {2}(.*)\n *twin {2}(.*)/.exec(stdout)!; // prettier-ignore
    expect(stdout).toContain(`both  host env.${logged}`);
    expect(ours).toBe("host env.sleep(i32:3)");
    expect(theirs).toBe("trap in main: unreachable");
  },
);
