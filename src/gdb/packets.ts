// All packets that are known, and which of them a client means.

import { infoPackets } from "./info-packets.js";
import { memoryPackets } from "./memory-packets.js";
import type { PacketRow } from "./packet.js";
import { runPackets } from "./run-packets.js";
import { threadPackets } from "./thread-packets.js";
import { wasmPackets } from "./wasm-packets.js";

/** Longer names first. */
export const packets: readonly PacketRow[] = [
  ...infoPackets,
  ...runPackets,
  ...threadPackets,
  ...memoryPackets,
  ...wasmPackets,
].sort((a, b) => b.name.length - a.name.length);

/** The row of a packet, and its arguments: null where they have not the form of any. */
export function findPacket(data: string): { row: PacketRow; args: RegExpExecArray | null } | null {
  for (const row of packets) {
    if (!data.startsWith(row.name)) continue;
    const args = row.form.exec(data.slice(row.name.length));
    // `qCRC` is no `qC` with something wrong behind it.
    if (args !== null || !/^[A-Za-z]/.test(data.slice(row.name.length))) return { row, args };
  }
  return null;
}
