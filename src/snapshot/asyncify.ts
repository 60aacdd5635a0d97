// What asyncify knows beside the instance and its memory: its options, so that the new
// process analyses the module alike, and its state.

import {
  ASYNCIFY_OPTIONS,
  type AsyncifyOption,
  type AsyncifyOptions,
} from "../fiber/asyncify/options.js";
import { Asyncify, type AsyncifySettings } from "../fiber/asyncify/asyncify.js";
import { compactLayout, fullLayout, type LayoutOf } from "../fiber/asyncify/records.js";
import type { Image } from "../fiber/asyncify/images.js";
import type { ValidModule } from "../valid/validate.js";
import { BobbinError } from "../util/errors.js";
import type { ByteWriter, SectionReader } from "./bytes.js";
import { SnapshotError } from "./errors.js";
import type { Graph } from "./graph.js";
import { readReference, type Things, writeReference } from "./references.js";

type Key = keyof AsyncifyOptions;
const KEYS: readonly { readonly key: Key; readonly kind: AsyncifyOption["kind"] }[] = [
  ...ASYNCIFY_OPTIONS,
  { key: "strict", kind: "flag" },
];
const LAYOUTS = [fullLayout, compactLayout];

/** What asyncify was set to, so that another one is the same. */
export interface PortableSettings extends AsyncifyOptions {
  readonly layout: LayoutOf;
  readonly overflowLikeBinaryen: boolean;
}

/** @throws SnapshotError for what no file can hold */
export function settingsOf({ settings, roles }: Asyncify): PortableSettings {
  const { globals, layout = fullLayout, overflowLikeBinaryen = false } = settings;
  if (globals !== undefined)
    throw new SnapshotError("asyncify shares its state with another instance's");
  if (!LAYOUTS.includes(layout))
    throw new SnapshotError("asyncify's records have the sizes of a twin");
  return { ...optionsIn(roles.options), layout, overflowLikeBinaryen };
}

const optionsIn = (settings: AsyncifyOptions): AsyncifyOptions =>
  Object.fromEntries(
    KEYS.flatMap(({ key }) => (settings[key] === undefined ? [] : [[key, settings[key]]])),
  );

export function writeSettings(w: ByteWriter, settings: PortableSettings): void {
  w.text(JSON.stringify(optionsIn(settings)));
  w.uint(LAYOUTS.indexOf(settings.layout));
  w.flag(settings.overflowLikeBinaryen);
}

export function readSettings(r: SectionReader): PortableSettings {
  const options = readOptions(r);
  const layout = LAYOUTS[r.below(LAYOUTS.length, "a layout")]!;
  const overflowLikeBinaryen = r.flag("whether records overflow as Binaryen's");
  return { ...options, layout, overflowLikeBinaryen };
}

export function writeAsyncify(w: ByteWriter, graph: Graph, asyncify: Asyncify): void {
  const { instance } = asyncify;
  if (instance === null) throw new SnapshotError("asyncify is attached to no instance");
  const settings = settingsOf(asyncify);
  w.uint(graph.instances.idOf(instance));
  writeSettings(w, settings);
  const { state, data, images, references, latest, memory } = asyncify.save();
  w.uint(state);
  for (const word of data) w.word(word);
  w.list(images, ([id, { func, callIndex, tail, words }]) => {
    w.word(id);
    w.uint(func);
    w.uint(callIndex);
    w.flag(tail);
    w.list([...words], (word) => w.word(word));
  });
  w.list(references, ([id, reference]) => {
    w.word(id);
    writeReference(w, graph, reference);
  });
  w.list(latest, ([site, id]) => {
    w.text(site);
    w.word(id);
  });
  w.flag(memory !== null);
  if (memory !== null) w.sized(memory);
}

/** Asyncify as a file has it: which instance's, how it was set, and where its state stands. */
export interface SavedSettings {
  readonly instance: number;
  readonly settings: AsyncifySettings;
}

export const readAsyncify = (r: SectionReader): SavedSettings => ({
  instance: r.uint("an instance"),
  settings: readSettings(r),
});

function readOptions(r: SectionReader): AsyncifyOptions {
  const start = r.pos;
  const text = r.text("options");
  let options: unknown;
  try {
    options = JSON.parse(text);
  } catch {
    return r.fail("expected options as JSON", start);
  }
  if (typeof options !== "object" || options === null) return r.fail("expected an object", start);
  for (const [key, value] of Object.entries(options)) {
    const kind = KEYS.find((known) => known.key === key)?.kind;
    if (kind === undefined || !CHECKS[kind](value))
      return r.fail(`asyncify has no such option: ${key}`, start);
  }
  return options;
}

const CHECKS: Readonly<Record<AsyncifyOption["kind"], (value: unknown) => boolean>> = {
  list: (value) => Array.isArray(value) && value.every((entry) => typeof entry === "string"),
  flag: (value) => typeof value === "boolean",
  text: (value) => typeof value === "string",
  count: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 65536,
};

export function makeAsyncify(
  r: SectionReader,
  module: ValidModule,
  settings: AsyncifySettings,
): Asyncify {
  try {
    return new Asyncify(module, settings);
  } catch (error) {
    if (error instanceof BobbinError || error instanceof RangeError)
      return r.fail(`the module does not take asyncify: ${error.message}`, 0);
    throw error;
  }
}

/** Reads the state. The section ends with it. */
export function restoreAsyncify(r: SectionReader, asyncify: Asyncify, things: Things): void {
  const state = r.below(3, "a state");
  const data = [r.word("a data pointer"), r.word("a data pointer")] as const;
  const ids = new Set<number>();
  const id = (): number => {
    const start = r.pos;
    const found = r.word("an id");
    r.ensure(found !== 0 && !ids.has(found), `the id ${found} is there twice`, start);
    ids.add(found);
    return found;
  };
  const images = r.list("images", (): [number, Image] => [
    id(),
    {
      func: r.uint("a function"),
      callIndex: r.uint("a call index"),
      tail: r.flag("whether a tail call reached it"),
      words: Int32Array.from(r.list("words", () => r.word("a word"))),
    },
  ]);
  ids.clear();
  const references = r.list(
    "references",
    (): [number, Exclude<ReturnType<typeof readReference>, null>] => {
      const start = r.pos;
      const number = id();
      const reference = readReference(r, things);
      return [number, reference ?? r.fail("null has no id", start)];
    },
  );
  const latest = r.list("sites", (): [string, number] => [r.text("a site"), r.word("an id")]);
  const start = r.pos;
  const memory = r.flag("whether records have a memory of their own") ? r.sized("a memory") : null;
  const own = asyncify.records.own?.bytes.length;
  r.ensure(memory?.length === own, `a memory of ${memory?.length ?? 0} bytes, expected ${own ?? 0}`, start); // prettier-ignore
  r.end();
  asyncify.restore({ state, data, images, references, latest, memory });
}
