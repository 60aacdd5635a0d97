// The remove-, add- and only-list as sets of functions (PatternMatcher, Asyncify.cpp:470-530),
// and what makes no sense in them.

import type { ImportedFunction } from "./analyze-imports.js";
import { AsyncifyError, type AsyncifyOptions } from "./roles.js";
import { NameList } from "./wildcard.js";

export class FunctionLists {
  /** Imports, too: a pattern of the remove-list matches them (682-691). */
  readonly removed: readonly number[];
  /** Defined functions only. */
  readonly added: readonly number[];
  /** Undefined without an only-list. */
  readonly only: ReadonlySet<number> | undefined;
  readonly warnings: string[] = [];

  /**
   * @param names Binaryen's names of all functions, the imported ones first
   * @param imports what they are
   * @throws AsyncifyError for lists that exclude each other or name an import
   */
  constructor(
    options: AsyncifyOptions,
    private readonly names: readonly string[],
    private readonly imports: readonly ImportedFunction[],
  ) {
    const { removeList = [], addList = [], onlyList = [] } = options;
    if (onlyList.length > 0 && (removeList.length > 0 || addList.length > 0)) {
      throw new AsyncifyError(
        "an only-list and another list exclude each other (Asyncify.cpp:1815)",
      );
    }
    const defined = (index: number) => index >= imports.length;
    // The runtime's own functions are none of the module's (694-712).
    const remaining = (index: number) => imports[index]?.runtime === undefined;
    this.removed = this.match("remove", removeList, remaining);
    const added = this.match("add", addList, remaining);
    const removed = new Set(this.removed);
    const both = added.find((index) => removed.has(index));
    if (both !== undefined) {
      throw new AsyncifyError("is in the add-list and in the remove-list (Asyncify.cpp:717)", {
        name: names[both]!,
        func: both,
      });
    }
    this.added = added.filter(defined);
    const only = this.match("only", onlyList, defined);
    this.only = onlyList.length > 0 ? new Set(only) : undefined;
  }

  private match(
    designation: string,
    entries: readonly string[],
    applies: (index: number) => boolean,
  ): number[] {
    const list = new NameList(entries);
    if (list.empty) return [];
    const unused = new Set(list.entries);
    const matched: number[] = [];
    this.names.forEach((name, index) => {
      const entry = list.match(name);
      if (entry === undefined) return;
      if (list.names.has(name) && index < this.imports.length) {
        throw new AsyncifyError(
          `is an import, in the ${designation}-list: imports go into the import list (Asyncify.cpp:490)`,
          { name, func: index },
        );
      }
      if (!applies(index)) return;
      unused.delete(entry);
      matched.push(index);
    });
    for (const entry of unused) {
      this.warnings.push(
        `the ${designation}-list has an entry that matches no function: '${entry}'`,
      );
    }
    return matched;
  }
}
