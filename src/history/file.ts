// Recordings as files: the start, which is a snapshot, the host's values, and the log.
// Whoever opens one needs no host. What was an object there is a stand-in here, which says
// what it stands for.

import { HostRef } from "../runtime/values.js";
import { ByteWriter, SectionReader } from "../snapshot/bytes.js";
import { type Codec, readHostValue, writeHostValue } from "../snapshot/codec.js";
import { type AtOnce, type FileKind, type FileOf, isOfKind, packFile, packFileAtOnce, unpackFile } from "../snapshot/container.js"; // prettier-ignore
import { EntryReader } from "./entry-reader.js";
import { EntryWriter } from "./entry-writer.js";
import { RecordingError } from "./errors.js";
import type { Log } from "./log.js";
import type { Recorder } from "./recorder.js";

type SectionName = "start" | "modules" | "host values" | "log";

const RECORDING: FileKind<SectionName> = {
  name: "recording",
  // "bobrec" and 0
  magic: [0x62, 0x6f, 0x62, 0x72, 0x65, 0x63, 0x00],
  magicText: '"bobrec" and 0',
  version: 1,
  features: 0,
  sections: ["start", "modules", "host values", "log"],
  more: null,
  error: (reason, place) => new RecordingError(reason, place),
};

/** Whether bytes begin as a recording of any version does. */
export const isRecording = (bytes: Uint8Array): boolean => isOfKind(RECORDING, bytes);

/** A recording that is over, wherever it comes from. */
export interface Recording {
  /** A snapshot. */
  readonly start: Uint8Array;
  readonly log: Log;
  /** For the objects of the host that the start holds. */
  readonly codec: Codec;
}

/** What was an object of the host, a function or a symbol, in a recording from elsewhere. */
export class Stranger {
  constructor(readonly description: string) {}
  toString(): string {
    return this.description;
  }
}

type Recorded = Pick<Recorder, "values" | "entries" | "modules" | "hosts" | "end" | "isCut">;

/** @param compress default: sections are deflated */
export const writeRecording = async (
  recorder: Recorded & Pick<Recorder, "start">,
  compress = true,
): Promise<Uint8Array<ArrayBuffer>> =>
  packFile(RECORDING, contentsOf(recorder, await recorder.start), compress);

/** The same at once, for whoever cannot wait. */
export const writeRecordingAtOnce = (
  recorder: Recorded & Pick<Recorder, "startAtOnce">,
  host: AtOnce,
): Uint8Array<ArrayBuffer> =>
  packFileAtOnce(RECORDING, contentsOf(recorder, recorder.startAtOnce(host)), host);

function contentsOf(recorder: Recorded, start: Uint8Array<ArrayBuffer>): FileOf<SectionName> {
  const log = new EntryWriter();
  const { entries, hosts, end, isCut } = recorder;
  log.w.list(entries, (entry) => log.entry(entry));
  log.end(isCut ? null : end);
  const modules = new ByteWriter();
  modules.list(recorder.modules, (bytes) => modules.sized(bytes));
  const values = new ByteWriter();
  values.list(recorder.values, (value) => writeHostValue(values, value, STRANGERS));
  values.list(hosts, ({ value }) => writeHostValue(values, value, STRANGERS));
  return {
    features: 0,
    sections: [
      { name: "start", bytes: start },
      { name: "modules", bytes: modules.bytes },
      { name: "host values", bytes: values.bytes },
      { name: "log", bytes: log.w.bytes },
    ],
  };
}

/**
 * The start is looked at when it is loaded.
 * @param maxBytes that it may take inflated. Default 4 GiB
 * @throws RecordingError
 */
export async function readRecording(bytes: Uint8Array, maxBytes = 2 ** 32): Promise<Recording> {
  const file = await unpackFile(RECORDING, bytes, maxBytes);
  const m = readerOf(file, "modules");
  const modules = m.list("modules", () => m.sized("a module").slice());
  m.end();
  const r = readerOf(file, "host values");
  const values = r.list("values", () => readHostValue(r, STRANGERS));
  const hosts = r.list("values", () => new HostRef(readHostValue(r, STRANGERS)));
  r.end();
  const reader = new EntryReader(readerOf(file, "log"));
  const entries = reader.entries();
  const log = { entries, hosts, modules, end: reader.end(entries.length) };
  const codec: Codec = {
    encode: (value) => STRANGERS.encode(value),
    decode: (id) =>
      id.length === 4 ? values[new DataView(id.buffer, id.byteOffset).getUint32(0)] : undefined,
  };
  return { start: bytesOf(file, "start"), log, codec };
}

const bytesOf = ({ sections }: FileOf<SectionName>, name: SectionName) =>
  sections.find((section) => section.name === name)!.bytes;
const readerOf = (file: FileOf<SectionName>, name: SectionName) =>
  new RecordingReader(bytesOf(file, name), name);

class RecordingReader extends SectionReader {
  override fail(reason: string, offset = this.pos): never {
    throw new RecordingError(reason, { section: this.section, offset });
  }
}

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder() };

const STRANGERS: Codec = {
  encode: (value) => utf8.encoder.encode(describe(value)),
  decode: (bytes) => new Stranger(utf8.decoder.decode(bytes)),
};

/** Nothing of the object runs: its class's name, and a function's own. */
function describe(value: unknown): string {
  if (value instanceof Stranger) return value.description;
  if (typeof value === "symbol") return value.toString();
  if (typeof value === "function") return "function";
  return Object.prototype.toString.call(value).slice(8, -1);
}
