// Packets that ask what the other side is, and agree on how to talk.

import { addressOf } from "./addresses.js";
import { hexOfText, textOfHex, utf8Text, xmlText } from "./encoding.js";
import { PACKET_SIZE } from "./framing.js";
import { OK, type PacketRow } from "./packet.js";
import type { Debuggee } from "./debuggee.js";

const TRIPLE = "wasm32-unknown-unknown-wasm";
/** There is one process, and it has to have a number. */
const PROCESS = "1";

export const infoPackets: readonly PacketRow[] = [
  {
    name: "qSupported",
    form: /^(?::.*)?$/,
    usage: "qSupported[:FEATURE;...]",
    help: "what either side knows",
    run: ({ debuggee }) =>
      [
        `PacketSize=${PACKET_SIZE.toString(16)}`,
        "QStartNoAckMode+",
        "qXfer:libraries:read+",
        "vContSupported+",
        "binary-upload+",
        ...(debuggee.canReverse ? ["ReverseStep+", "ReverseContinue+"] : []),
      ].join(";"),
  },
  {
    name: "QStartNoAckMode",
    form: /^$/,
    usage: "QStartNoAckMode",
    help: "no acknowledgements from now on",
    run: (client) => ((client.acknowledges = false), OK),
  },
  {
    name: "QEnableErrorStrings",
    form: /^$/,
    usage: "QEnableErrorStrings",
    help: "errors with a text from now on",
    run: (client) => ((client.wantsTexts = true), OK),
  },
  {
    name: "qHostInfo",
    form: /^$/,
    usage: "qHostInfo",
    help: "the machine: wasm32, little-endian",
    run: () => `triple:${hexOfText(TRIPLE)};endian:little;ptrsize:4;`,
  },
  {
    name: "qProcessInfo",
    form: /^$/,
    usage: "qProcessInfo",
    help: "the same of the program",
    run: ({ debuggee }) =>
      `pid:${PROCESS};triple:${hexOfText(TRIPLE)};endian:little;ptrsize:4;name:${hexOfText(debuggee.name)};`,
  },
  {
    name: "qAttached",
    form: /^(?::[\da-f]+)?$/i,
    usage: "qAttached",
    help: "whether the program ran before: it did not, and ends with the session",
    run: () => "0",
  },
  {
    name: "qRcmd",
    form: /^,((?:[\da-f]{2})*)$/i,
    usage: "qRcmd,HEX",
    help: "run a command of `bobbin debug`; what it says comes before the answer",
    async run({ monitor }, [digits = ""]) {
      await monitor.execute(textOfHex(digits));
      return OK;
    },
  },
  {
    name: "qXfer:libraries:read:",
    form: /^:([\da-f]+),([\da-f]+)$/i,
    usage: "qXfer:libraries:read::OFFSET,LENGTH",
    help: "the modules, and the addresses of their bytes",
    run({ debuggee }, [offset = "", length = ""]) {
      const from = Number.parseInt(offset, 16);
      const to = from + Number.parseInt(length, 16);
      const xml = utf8Text(libraries(debuggee));
      return `${to < xml.length ? "m" : "l"}${xml.slice(from, to)}`;
    },
  },
];

function libraries({ instances, name }: Debuggee): string {
  const entries = instances.map((_, module) => {
    const address = addressOf({ space: "object", module, offset: 0 });
    const text = xmlText(module === 0 ? name : `${name} ${module}`);
    return `<library name="${text}"><section address="${address}"/></library>`;
  });
  return `<library-list>${entries.join("")}</library-list>`;
}
