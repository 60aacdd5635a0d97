// The entry `bobbin/register`: puts Bobbin's `WebAssembly` in the place of the engine's, as the
// environment says, before anything of the program is loaded. In worker threads too, since
// they get the options of the process.

import { ExitCode } from "./cli/failure.js";
import { install } from "./register/install.js";
import { standardError } from "./register/output.js";
import { UsageError } from "./util/errors.js";

try {
  install(process.env);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  standardError.line(`bobbin: ${error.message}`);
  process.exit(ExitCode.wrong);
}
