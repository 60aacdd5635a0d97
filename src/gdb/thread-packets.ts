// Packets about threads: which there are, and which others mean.

import { hexOf, hexOfText, littleEndian } from "./encoding.js";
import { type Client, fail, OK, type PacketRow } from "./packet.js";
import { pcOf, threadReply } from "./stops.js";

const THREAD = /^([\da-f]+)$/i;
/** `-1` for all, `p1.2` where a client knows processes. */
const CHOICE = /^([gc])(?:p[\da-f-]+\.)?(-?[\da-f]+)$/i;

export const threadPackets: readonly PacketRow[] = [
  {
    name: "H",
    form: CHOICE,
    usage: "HgTHREAD",
    help: "choose the thread that the packets after it mean",
    run(client, [what, id = ""]) {
      const thread = client.thread(id);
      // With `c` it is the one to run: the program says which.
      if (what !== "g") return OK;
      client.chosenId = thread.id;
      client.lookedAt.chosen(thread.id);
      return OK;
    },
  },
  {
    name: "T",
    form: THREAD,
    usage: "TTHREAD",
    help: "whether there is such a thread",
    run: (client, [id = ""]) => (client.thread(id), OK),
  },
  {
    name: "qC",
    form: /^$/,
    usage: "qC",
    help: "the thread that is on",
    run: ({ debuggee }) => `QC${debuggee.current.id.toString(16)}`,
  },
  {
    name: "qfThreadInfo",
    form: /^$/,
    usage: "qfThreadInfo",
    help: "all threads",
    run: ({ debuggee }) => `m${debuggee.threads.map(({ id }) => id.toString(16)).join(",")}`,
  },
  {
    name: "qsThreadInfo",
    form: /^$/,
    usage: "qsThreadInfo",
    help: "more threads: there are none",
    run: () => "l",
  },
  {
    name: "qThreadExtraInfo",
    form: /^,([\da-f]+)$/i,
    usage: "qThreadExtraInfo,THREAD",
    help: "the name of a thread",
    run: (client, [id = ""]) => hexOfText(client.thread(id).name),
  },
  {
    name: "qThreadStopInfo",
    form: THREAD,
    usage: "qThreadStopInfoTHREAD",
    help: "why a thread stands",
    run: (client, [id = ""]) => threadReply(client.debuggee, client.thread(id)),
  },
  {
    name: "QListThreadsInStopReply",
    form: /^$/,
    usage: "QListThreadsInStopReply",
    help: "tell of all threads at each stop, as is done anyway",
    run: () => OK,
  },
  {
    name: "qRegisterInfo",
    form: /^([\da-f]+)$/i,
    usage: "qRegisterInfoN",
    help: "the only register: where the thread stands",
    run: (_, [index = ""]) =>
      Number.parseInt(index, 16) === 0 ? PC : fail("there are no more registers"),
  },
  {
    name: "p",
    form: /^0+$/,
    usage: "p0",
    help: "where the thread stands",
    run: (client) => pcBytes(client),
  },
  {
    name: "g",
    form: /^$/,
    usage: "g",
    help: "all registers: that one",
    run: (client) => pcBytes(client),
  },
];

function pcBytes(client: Client): string {
  const { chosen } = client;
  client.lookedAt.register(chosen.id);
  return hexOf(littleEndian(pcOf(chosen), 8));
}

const PC =
  "name:pc;bitsize:64;offset:0;encoding:uint;format:hex;set:General Purpose Registers;generic:pc;";
