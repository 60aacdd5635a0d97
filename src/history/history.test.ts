// A recorded run goes again as it went, wherever one begins; to the byte.

import { describe, expect, test } from "@jest/globals";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { tierOf } from "../forward/choose.js";
import { i32 } from "../runtime/values.js";
import { importsFor, moduleOf, PROGRAMS } from "../snapshot/programs.testing.js";
import { random } from "../util/random.js";
import { imageOf, Recorded } from "./history.testing.js";
import { finish } from "./timeline.js";

describe.each(Object.entries(PROGRAMS))("%s", (_name, wat) => {
  test.each(["interpreter", "mixed"] as const)(
    "random positions, back and forth: %s",
    async (tier) => {
      const module = moduleOf(wat);
      const machine = new Machine({ tier: tierOf(tier) });
      const instance = instantiate(machine, module, importsFor(module));
      const recorded = new Recorded({ machine, instances: [instance], asyncify: null, abi: null });
      const next = random(1);
      for (const n of [3, 5]) {
        machine.start(instance.func("run"), [i32(n)]);
        recorded.see();
        for (let over = false; !over;) {
          const outcome = machine.run({ fuel: 1 + (next() % 60) });
          recorded.see();
          over = outcome.kind !== "host" && outcome.kind !== "paused";
          if (outcome.kind === "host") machine.answer(await outcome.call.func.host!(outcome.call.args)); // prettier-ignore
        }
      }
      const timeline = await recorded.timeline({ spacing: 40 });
      const { seen } = recorded;
      expect(seen.length).toBeGreaterThan(10);
      for (let i = 0; i < 60; i++) {
        const { position, image } = seen[next() % seen.length]!;
        expect(await finish(timeline.goTo(position))).toBe("there");
        expect(timeline.position).toEqual(position);
        expect(await imageOf(timeline.replica).exact).toBe(await image.exact);
      }
    },
    60_000,
  );
});
