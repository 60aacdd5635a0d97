// The lists of Asyncify: `*` in an entry stands for any run of characters, nothing
// included (Binaryen's String::wildcardMatch, src/support/string.cpp:85; PatternMatcher
// in Asyncify.cpp). An entry without `*` is a name.

/** Whether the whole value matches. Without `*`, equality. */
export function wildcardMatch(pattern: string, value: string): boolean {
  let p = 0;
  let v = 0;
  // Where to resume when a match fails: after the last `*`, which then takes one character more.
  let star = -1;
  let taken = 0;
  while (v < value.length) {
    if (pattern[p] === "*") {
      star = ++p;
      taken = v;
    } else if (p < pattern.length && pattern[p] === value[v]) {
      p++;
      v++;
    } else if (star >= 0) {
      p = star;
      v = ++taken;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/** A list of names and patterns. Names are looked up first, then patterns in order, as Binaryen does. */
export class NameList {
  readonly names: ReadonlySet<string>;
  readonly patterns: readonly string[];

  constructor(readonly entries: readonly string[] = []) {
    this.names = new Set(entries.filter((e) => !e.includes("*")));
    this.patterns = entries.filter((e) => e.includes("*")).toSorted();
  }

  get empty(): boolean {
    return this.entries.length === 0;
  }

  /** The entry that the name matches. */
  match(name: string): string | undefined {
    if (this.names.has(name)) return name;
    return this.patterns.find((pattern) => wildcardMatch(pattern, name));
  }
}
