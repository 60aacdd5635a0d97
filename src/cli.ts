#!/usr/bin/env node
// The executable `bobbin`: gives the process's arguments and streams to `cli/main.ts`.

import { runInProcess } from "./cli/process.js";

runInProcess(process);
