// Random modules run the same on all tiers, call by call, to the last instruction counted:
// results, calls of the host, traps, and what is left in memories, tables and globals. The
// bits of NaNs that operators make are free. BOBBIN_SEEDS=FROM:TO runs others.

import { expect, test } from "@jest/globals";
import { fuzzFeatures } from "../src/compare/fuzz-features.js";
import { examine } from "../src/compare/findings.js";
import { interpreterOpponent } from "../src/compare/fuzz.js";
import { denan, fuzzInput, makeModule } from "../src/cli/make-fuzz.js";
import { WasmOpt } from "../src/cli/wasm-opt.js";
import { tierOf } from "../src/forward/choose.js";

const [from = 1, to = 61] = (process.env["BOBBIN_SEEDS"] ?? "1:61").split(":").map(Number);
/** Under a test runner, `Math` and its kin are slow to find. */
const FUEL = 300_000;

const SAME = { examined: { kind: "same" } };

test.each(["forward", "alternate"] as const)(
  "%s",
  async (tier) => {
    const wasmOpt = WasmOpt.open();
    let compared = 0;
    try {
      for (let seed = from; seed < to; seed++) {
        const bytes = await makeModule(wasmOpt, fuzzInput(seed, fuzzFeatures));
        const examined = await examine(bytes, {
          opponent: interpreterOpponent,
          denan: denan(wasmOpt, fuzzFeatures),
          tier: () => tierOf(tier),
          fuel: FUEL,
        });
        if (examined.kind !== "NaN bits") expect({ seed, examined }).toMatchObject(SAME);
        if (examined.kind === "same") compared += examined.calls;
      }
    } finally {
      wasmOpt.close();
    }
    expect(compared).toBeGreaterThan(to - from);
  },
  600_000,
);
