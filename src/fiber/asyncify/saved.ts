// What asyncify knows beside the instance and its frames, as plain data: for whoever saves
// a whole machine and goes on elsewhere. References stay references: those who can write
// instances down can write them down.

import type { Reference } from "../../runtime/values.js";
import type { Image, ImageTable, ReferenceTable } from "./images.js";
import type { AsyncifyGlobals, RecordStack } from "./stack.js";

export interface SavedAsyncify {
  /** The words of `__asyncify_state` and `__asyncify_data`, low one first. */
  readonly state: number;
  readonly data: readonly [low: number, high: number];
  /** By the ids that records have. */
  readonly images: readonly (readonly [id: number, image: Image])[];
  readonly references: readonly (readonly [id: number, reference: Exclude<Reference, null>])[];
  /** Of records without room for an id, by `function:call index`. */
  readonly latest: readonly (readonly [site: string, id: number])[];
  /** The bytes of asyncify's own memory, where records live in one. */
  readonly memory: Uint8Array | null;
}

interface State {
  readonly globals: AsyncifyGlobals;
  readonly images: ImageTable;
  readonly references: ReferenceTable;
  readonly records: RecordStack;
}

export function saveState({ globals, images, references, records }: State): SavedAsyncify {
  const { state, data } = globals;
  return {
    state: state.words[0]!,
    data: [data.words[0]!, data.words[1]!],
    images: images.save(),
    references: references.save(),
    latest: [...images.latest],
    memory: records.own?.bytes.slice() ?? null,
  };
}

export function restoreState(
  { globals, images, references, records }: State,
  saved: SavedAsyncify,
): void {
  // prettier-ignore
  globals.state.words[0] = saved.state;
  globals.data.words.set(saved.data);
  images.restore(saved.images);
  images.latest.clear();
  for (const [site, id] of saved.latest) images.latest.set(site, id);
  references.restore(saved.references);
  if (saved.memory !== null) records.own?.bytes.set(saved.memory);
}
