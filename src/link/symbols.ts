// Which definition each symbol of the object files means: a strong one before weak
// ones, the first of those otherwise. What has no definition here is left to the
// program that the objects are linked to, and else imported.

import { LinkError } from "../util/errors.js";
import { isLocal, isUndefined, isWeak, type ObjectFile, type ObjectSymbol } from "./object.js";

export interface Definition {
  readonly object: ObjectFile;
  readonly symbol: ObjectSymbol;
}

export class Symbols {
  private readonly definitions = new Map<string, Definition>();

  constructor(objects: readonly ObjectFile[]) {
    for (const object of objects) {
      for (const symbol of object.symbols) {
        if (isUndefined(symbol) || isLocal(symbol) || symbol.kind === "section") continue;
        this.define({ object, symbol });
      }
    }
    const groups = objects.flatMap(({ comdats }) => comdats);
    const twice = groups.find((group, i) => groups.indexOf(group) !== i);
    if (twice !== undefined)
      throw new LinkError(
        `the COMDAT group ${twice} is in two files: choosing one is not supported`,
      );
  }

  private define(definition: Definition): void {
    const { symbol, object } = definition;
    const known = this.definitions.get(symbol.name);
    if (known !== undefined) {
      if (known.symbol.kind !== symbol.kind)
        throw new LinkError(
          `${symbol.name} is a ${known.symbol.kind} in ${known.object.name} and a ${symbol.kind} in ${object.name}`,
        );
      if (isWeak(symbol)) return;
      if (!isWeak(known.symbol))
        throw new LinkError(
          `duplicate symbol ${symbol.name}: defined in ${known.object.name} and in ${object.name}`,
        );
    }
    this.definitions.set(symbol.name, definition);
  }

  /** What others see under a name. */
  find(name: string): Definition | undefined {
    return this.definitions.get(name);
  }

  /** What a symbol of an object means; undefined where no object says. */
  resolve(object: ObjectFile, symbol: ObjectSymbol): Definition | undefined {
    if (isLocal(symbol)) return { object, symbol };
    const found = this.definitions.get(symbol.name);
    if (found !== undefined && found.symbol.kind !== symbol.kind)
      throw new LinkError(
        `${symbol.name} is a ${symbol.kind} for ${object.name}, but a ${found.symbol.kind} in ${found.object.name}`,
      );
    return found;
  }

  get all(): readonly Definition[] {
    return [...this.definitions.values()];
  }
}
