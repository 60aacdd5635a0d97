// Modules on one machine of Bobbin's, by its facade of the JavaScript API.

import * as dist from "../../dist/index.js";
import { ATTACHED } from "./attached.mjs";

const { decode, instantiate, jsExports, jsImports, Machine, validate } = dist;

/** The tiers that this build has and that are measured. */
export const TIERS = [
  "interpreter",
  ...["forward", "mixed"].filter((t) => dist.TIERS?.includes(t)),
];

export function machineOf(tier) {
  if (!TIERS.includes(tier)) throw new Error(`no tier ${tier} among ${TIERS.join(", ")}`);
  return new Machine(tier === "interpreter" ? {} : { tier: dist.tierOf(tier) });
}

/** @param attached a name of attached.mjs: what the first module that has code is watched by */
export function bobbin({ tier, attached = "nothing" }) {
  const machine = machineOf(tier);
  const attachment = ATTACHED[attached](machine);
  let program;
  return {
    instantiate(bytes, imports) {
      const module = validate(decode(bytes));
      const own = module.functions.length > 0 ? attachment : {};
      const wanted = jsImports(machine, module, imports, { suspend: false });
      const asyncify = own.before?.(module);
      if (asyncify !== undefined) wanted.set("asyncify", asyncify);
      program = instantiate(machine, module, wanted, (made) => own.after?.(made));
      own.made?.(program);
      return jsExports(machine, program);
    },
    attachment,
    executed: () => machine.executed,
    run: () => attachment.run?.(program),
  };
}
