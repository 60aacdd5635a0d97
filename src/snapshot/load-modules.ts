// The modules of a file: embedded, or named by their hashes and supplied by the loader.

import { decode } from "../binary/decode.js";
import { withSources } from "../source/with-sources.js";
import { BobbinError, LinkError } from "../util/errors.js";
import { type ValidModule, validate } from "../valid/validate.js";
import type { SectionReader } from "./bytes.js";
import { hexOf, sha256 } from "./format.js";

/** The bytes of a module that is not in the file, by the hexadecimal SHA-256 of them. */
export type SupplyModule = (
  hash: string,
) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

/** Modules that the loader has already, for the bytes of which nothing needs to be made. */
export type KnownModules = readonly ValidModule[];

/** How the error begins that a hash ends. */
export const MISSING_MODULE = "the snapshot needs the module with the SHA-256";

/** @param embedded whether the file's features say that modules are in it */
export async function readModules(
  r: SectionReader,
  embedded: boolean,
  supply: SupplyModule = () => undefined,
  known: KnownModules = [],
): Promise<ValidModule[]> {
  const modules: ValidModule[] = [];
  for (let count = r.count("modules", 33); count > 0; count--) {
    const start = r.pos;
    const hash = r.raw(32, "a hash");
    const name = hexOf(hash);
    const isHere = r.flag("whether the module is here");
    r.ensure(isHere === embedded, "the module is not where the file's features say", start);
    const bytes = isHere ? r.sized("a module") : await supply(name);
    if (bytes === undefined) throw new LinkError(`${MISSING_MODULE} ${name}`);
    if ((await sha256(bytes)).some((byte, i) => byte !== hash[i]))
      r.fail("the module is not the one that the hash is of", start);
    try {
      const here = known.find((module) => isSame(module.bytes, bytes));
      modules.push(here ?? withSources(validate(decode(new Uint8Array(bytes)))));
    } catch (error) {
      if (error instanceof BobbinError) r.fail(`the module is none: ${error.message}`, start);
      throw error;
    }
  }
  r.end();
  return modules;
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
