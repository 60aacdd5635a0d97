// Holds what types and executes instructions against the rules of the specification. A
// comment that begins with names of rules claims them:
//
//   // Step_pure/br_if-{true,false}, br-label-zero: what else there is to say
//
// A name without a relation has that of the name before it, braces stand for each of
// what they list, a comma at the end of a line goes on in the next one. Names appear in
// no other comments.
//
// A claim above `case 0x0d satisfies Code<"br_if">:` or `br_if: ...`, with the same
// indentation, is about the handlers from there to the next claim or to the end of the
// block. A shortcut (`ShortcutCode<"i32.const, i32.add">`) claims nothing: a test of its own
// holds it against the handlers of the instructions it names. Any other claim stands where a rule holds without a handler, or for handlers
// that have no label of their own.

export interface Rules {
  /** The instructions that each rule is written for. */
  readonly rules: ReadonlyMap<string, readonly string[]>;
  /** Instructions that need no rules yet. */
  readonly later: ReadonlySet<string>;
}

export interface Source {
  readonly path: string;
  readonly text: string;
}

export interface Instructions {
  readonly mnemonics: readonly string[];
  /** Labels of handlers that are no mnemonics: the instructions that they handle. */
  readonly internal: ReadonlyMap<string, readonly string[]>;
}

/** Claims at one place, and the handlers that they are about. */
interface Group {
  readonly indent: number;
  readonly claims: Claim[];
  readonly handled: Set<string>;
}
interface Claim {
  readonly rule: string;
  readonly where: string;
}
interface Handler {
  readonly mnemonic: string;
  readonly where: string;
  readonly group: Group | null;
}

/** Reads `spec-rules.txt`. @throws Error for a rule that is there twice or of no instruction */
export function parseRules(text: string, mnemonics: readonly string[]): Rules {
  const rules = new Map<string, readonly string[]>();
  const later = new Set<string>();
  const named = (name: string): string[] => mnemonics.filter((m) => textOf(m) === name);
  let of: string[] | null = null;
  for (const line of text.replaceAll(/\n +/g, " ").split("\n")) {
    const [first = "", ...rest] = line.split(" ");
    if (first.startsWith("#")) continue;
    if (first === "") of = null;
    else if (first === "later") for (const name of rest) later.add(name);
    else if (first === "of") of = rest[0] === "nothing" ? [] : rest.flatMap(expand);
    else {
      if (rules.has(first)) throw new Error(`${first} is there twice`);
      const names = of ?? [first.replace(/^.*\//, "").replace(/-.*/, "")];
      const unknown = names.find((name) => named(name).length === 0);
      if (unknown !== undefined) throw new Error(`${first}: no instruction ${unknown}`);
      rules.set(first, names.flatMap(named));
    }
  }
  return { rules, later };
}

/** What is wrong, each with its place; nothing if all rules are claimed where they should be. */
export function checkRules(
  { rules, later }: Rules,
  instructions: Instructions,
  sources: readonly Source[],
): string[] {
  const reader = new ClaimReader(relationsOf([...rules.keys()]), instructions);
  for (const source of sources) reader.read(source);
  const { complaints, groups, handlers } = reader;
  const isOf = (rule: string, mnemonic: string): boolean =>
    rules.get(rule)?.includes(mnemonic) === true;

  for (const { handled, claims } of groups) {
    for (const { rule, where } of claims) {
      const of = rules.get(rule);
      if (of === undefined) complaints.push(`${where}: there is no rule ${rule}`);
      else if (handled.size > 0 && of.length > 0 && !of.some((mnemonic) => handled.has(mnemonic)))
        complaints.push(`${where}: ${rule} is a rule of no instruction handled here`);
    }
  }
  for (const { mnemonic, where, group } of handlers) {
    if (later.has(textOf(mnemonic))) continue;
    if (group?.claims.some(({ rule }) => isOf(rule, mnemonic)) !== true)
      complaints.push(`${where}: the handler of ${mnemonic} names no rule of it`);
  }
  const claimed = new Set(groups.flatMap(({ claims }) => claims.map(({ rule }) => rule)));
  for (const rule of rules.keys())
    if (!claimed.has(rule)) complaints.push(`${rule} is claimed nowhere`);

  for (const mnemonic of instructions.mnemonics) {
    const own = [...rules.keys()].filter((rule) => isOf(rule, mnemonic));
    const named = groups
      .filter(({ handled }) => handled.size === 0 || handled.has(mnemonic))
      .flatMap(({ claims }) => claims.map(({ rule }) => rule));
    if (own.length === 0 && !later.has(textOf(mnemonic)))
      complaints.push(`${mnemonic} has no rules`);
    for (const rule of own)
      if (claimed.has(rule) && !named.includes(rule))
        complaints.push(`no handler of ${mnemonic} names ${rule}`);
  }
  return complaints;
}

/** The same for rules of no instruction, whose names may stand anywhere. */
export function checkNames(rules: readonly string[], sources: readonly Source[]): string[] {
  const complaints: string[] = [];
  const missing = new Set(rules);
  const mention = mentions(relationsOf(rules));
  for (const { path, text } of sources) {
    for (const [i, line] of text.split("\n").entries()) {
      for (const name of line.match(mention) ?? []) {
        missing.delete(name);
        if (!rules.includes(name)) complaints.push(`${path}:${i + 1}: there is no rule ${name}`);
      }
    }
  }
  return [...complaints, ...[...missing].map((rule) => `${rule} is named nowhere`)];
}

class ClaimReader {
  readonly complaints: string[] = [];
  readonly groups: Group[] = [];
  readonly handlers: Handler[] = [];
  private readonly mention: RegExp;
  private readonly start: RegExp;
  private readonly mnemonics: ReadonlySet<string>;

  constructor(
    relations: readonly string[],
    private readonly instructions: Instructions,
  ) {
    this.mnemonics = new Set(instructions.mnemonics);
    this.mention = mentions(relations);
    this.start = new RegExp(`^(?:${relations.join("|")})`);
  }

  read({ path, text }: Source): void {
    /** Those whose block has not ended, the innermost last. */
    let open: Group[] = [];
    /** The group of the comment that the line before belongs to. */
    let current: Group | null = null;
    /** In a list that goes on: the relation of its last name. */
    let relation = "";
    for (const [i, line] of text.split("\n").entries()) {
      if (line.trim() === "") continue;
      const where = `${path}:${i + 1}`;
      const indent = line.search(/\S/);
      const comment = /^\s*(?:\/\/|\/?\*+(?!\/))\s*(.*?)\s*(?:\*\/)?$/.exec(line)?.[1];
      if (comment === undefined) {
        current = null;
        relation = "";
        open = open.filter((group) => group.indent <= indent);
        this.noMention(/\s\/\/\s(.*)/.exec(line)?.[1] ?? "", where);
        this.findHandlers(line, where, open.findLast((group) => group.indent === indent) ?? null);
        continue;
      }
      const head = comment.split(/:(?:\s|$)/, 1)[0]!;
      if (relation === "" && !this.start.test(comment)) {
        this.noMention(comment, where);
        continue;
      }
      this.noMention(comment.slice(head.length), where);
      if (current === null) {
        const own = line.trimStart().startsWith("*") ? indent - 1 : indent;
        current = { indent: own, claims: [], handled: new Set() };
        open = open.filter((group) => group.indent < own);
        open.push(current);
        this.groups.push(current);
      }
      for (const item of head.replace(/,$/, "").split(", ")) {
        const found = this.start.exec(item)?.[0];
        if (found !== undefined) relation = found.endsWith("/") ? found : "";
        const names = expand(found === undefined ? relation + item : item);
        if (names.every((name) => /^\w+(?:\/[\w.-]+)?$/.test(name)))
          current.claims.push(...names.map((rule) => ({ rule, where })));
        else this.complaints.push(`${where}: "${item}" is no name of a rule`);
      }
      if (!head.endsWith(",")) relation = "";
    }
  }

  private noMention(text: string, where: string): void {
    for (const name of text.match(this.mention) ?? [])
      this.complaints.push(`${where}: ${name} stands behind other text, where it claims nothing`);
  }

  private findHandlers(line: string, where: string, group: Group | null): void {
    const found = [
      ...line.matchAll(/\bcase 0x[\da-f]+ satisfies (?!Shortcut)\w+<"([^"]+)">/g),
    ].flatMap(([, label]) => this.instructions.internal.get(label!) ?? [label!]);
    // What has a string or a number beside it is handled elsewhere.
    const key = /^\s*(?:"([^"]+)"|(\w+)): (?!["\d])/.exec(line);
    const label = key?.[1] ?? key?.[2];
    if (label !== undefined && this.mnemonics.has(label)) found.push(label);
    for (const mnemonic of found) {
      this.handlers.push({ mnemonic, where, group });
      group?.handled.add(mnemonic);
    }
  }
}

/** `ref.test null` is `ref.test` in the rules. */
const textOf = (mnemonic: string): string => mnemonic.split(" ", 1)[0]!;

/** What names begin with: `Step/`, ...; and names that have no relation, in full. */
const relationsOf = (rules: readonly string[]): string[] => [
  ...new Set(rules.map((rule) => rule.replace(/\/.*/, "/").replace(/\w$/, "$&\\b"))),
];

/** Not those of paths. */
const mentions = (relations: readonly string[]): RegExp =>
  new RegExp(`(?<![\\w./])(?:${relations.join("|")})(?:[\\w.-]*\\w)?`, "g");

/** `a{b,c}d` as `abd` and `acd`. */
function expand(text: string): string[] {
  const match = /^(.*?)\{([^{}]*)\}(.*)$/.exec(text);
  if (match === null) return [text];
  const [, before, choices, after] = match;
  return choices!.split(",").flatMap((choice) => expand(before! + choice + after!));
}
