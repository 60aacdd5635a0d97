// `bobbin resume`: goes on where a snapshot stands, and prints the results as `run` does.

import type { Command } from "commander";
import type { CommonOptions, Context } from "./context.js";
import { about } from "./failure.js";
import { type HostOptions, limitOptions, modulesOption, operand, tierOption } from "./options.js";
import { hearingOf } from "./hearing.js";
import { openSnapshot, requireCall } from "./session.js";
import { checkSnapshotFlags, runOn, type SnapshotFlags, snapshotOptions } from "./snapshots.js";

interface ResumeOptions extends HostOptions, CommonOptions, SnapshotFlags {
  readonly modules?: readonly string[];
}

const EXAMPLES = `
Examples:
  bobbin run program.wasm --snapshot-after 1000000 --snapshot half.snap
  bobbin resume half.snap
  bobbin resume half.snap --host host.mjs --snapshot-at-host env.ask --snapshot later.snap`;

export function register(program: Command, context: Context): void {
  const command = program
    .command("resume")
    .description("go on where a snapshot stands, and print the results")
    .argument("<snapshot>", "file that --snapshot wrote", operand)
    .addOption(modulesOption());
  snapshotOptions(tierOption(limitOptions(command)))
    .option("--stack", "print the wasm stack of a trap")
    .option("--json", "print results or the error as JSON")
    .addHelpText("after", EXAMPLES)
    .action((file: string, options: ResumeOptions) =>
      context.run(options, () =>
        about(file, async () => {
          checkSnapshotFlags(options);
          const hearing = hearingOf(context, options.json === true);
          const session = await openSnapshot(file, { ...options, hearing }, context);
          requireCall(session);
          return runOn(session, options, context);
        }),
      ),
    );
}
