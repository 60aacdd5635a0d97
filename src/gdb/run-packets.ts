// Packets that run the program, and say where it is to stop.

import { parseAddress } from "./addresses.js";
import { type Client, fail, OK, type PacketRow } from "./packet.js";
import { endReply, stopReply } from "./stops.js";

/** Kinds of stops at addresses: breakpoints, in software or not, and at writes. Reads pass unseen. */
const [BREAKPOINT, HARDWARE_BREAKPOINT, WRITE] = ["0", "1", "2"];
const KILLED = "X09";
const POINT = /^(\d),([\da-f]+),([\da-f]+)(?:;.*)?$/i;

export const runPackets: readonly PacketRow[] = [
  {
    name: "?",
    form: /^$/,
    usage: "?",
    help: "why the program stands",
    run: ({ debuggee }) => stopReply(debuggee),
  },
  {
    name: "vCont?",
    form: /^$/,
    usage: "vCont?",
    help: "the actions that vCont knows",
    run: () => "vCont;c;C;s;S",
  },
  {
    name: "vCont",
    form: /^((?:;[cCsS][\da-f]*(?::[\da-fp.-]+)?)+)$/i,
    usage: "vCont;ACTION[:THREAD]...",
    help: "go on: s or S for one instruction, c or C for as far as it goes",
    // One fiber runs at a time, and the program says which: it is that one that steps.
    run: (client, [actions = ""]) => go(client, /;s/i.test(actions) ? "step" : "continue"),
  },
  {
    name: "c",
    form: /^[\da-f]*$/i,
    usage: "c",
    help: "go on to a breakpoint or the end",
    run: (client) => go(client, "continue"),
  },
  {
    name: "s",
    form: /^[\da-f]*$/i,
    usage: "s",
    help: "execute one instruction",
    run: (client) => go(client, "step"),
  },
  {
    name: "bc",
    form: /^$/,
    usage: "bc",
    help: "go back to a breakpoint, a write that is watched, or the beginning",
    run: (client) => goBack(client, "continueBack"),
  },
  {
    name: "bs",
    form: /^$/,
    usage: "bs",
    help: "go back by one instruction",
    run: (client) => goBack(client, "stepBack"),
  },
  {
    name: "Z",
    form: POINT,
    usage: "Z0,ADDRESS,KIND or Z2,ADDRESS,LENGTH",
    help: "stop before an instruction, or after a write to a linear memory",
    run({ debuggee }, [kind, address = "", length = ""]) {
      if (isBreakpoint(kind)) debuggee.addBreakpoint(addressIn(address));
      else if (kind === WRITE)
        debuggee.addWatchpoint(addressIn(address), Number.parseInt(length, 16));
      else return "";
      return OK;
    },
  },
  {
    name: "z",
    form: POINT,
    usage: "z0,ADDRESS,KIND or z2,ADDRESS,LENGTH",
    help: "stop there no more",
    run({ debuggee }, [kind, address = ""]) {
      if (isBreakpoint(kind)) debuggee.removeBreakpoint(addressIn(address));
      else if (kind === WRITE) debuggee.removeWatchpoint(addressIn(address));
      else return "";
      return OK;
    },
  },
  {
    name: "D",
    form: /^(?:;[\da-f]+)?$/i,
    usage: "D",
    help: "let the program go on alone",
    run: (client) => leave(client, "detached"),
  },
  {
    name: "k",
    form: /^$/,
    usage: "k",
    help: "end the program",
    // GDB expects no answer, LLDB how it ended.
    run: (client) => (leave(client, "killed"), KILLED),
  },
  {
    name: "vKill",
    form: /^;[\da-f]+$/i,
    usage: "vKill;PROCESS",
    help: "end the program",
    run: (client) => leave(client, "killed"),
  },
];

async function go(client: Client, how: "step" | "continue"): Promise<string> {
  const { debuggee } = client;
  client.moved();
  if (debuggee.ended) return endReply(debuggee);
  await debuggee[how]();
  return stopReply(debuggee);
}

/** Also from the end of the program. */
async function goBack(client: Client, how: "stepBack" | "continueBack"): Promise<string> {
  const { debuggee } = client;
  client.moved();
  await debuggee[how]();
  return stopReply(debuggee);
}

function leave(client: Client, how: "detached" | "killed"): string {
  client.debuggee.removeStops();
  client.left = how;
  return OK;
}

const isBreakpoint = (kind: string | undefined): boolean =>
  kind === BREAKPOINT || kind === HARDWARE_BREAKPOINT;

const addressIn = (digits: string) =>
  parseAddress(BigInt.asUintN(64, BigInt(`0x${digits}`))) ?? fail("nothing is at that address");
