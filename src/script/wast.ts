// Reads scripts of the official suite in their text form (.wast) as the commands that
// `wast2json` makes of them. Modules stay text: each is a file that the script names, as
// in the JSON form, and one in text (`.wat`) is to be assembled by whoever runs it.
// Spec: https://github.com/WebAssembly/spec/tree/main/interpreter#scripts

import { type List, Positions, readSExpressions } from "../text/sexpr.js";
import type { Action, Command } from "./commands.js";
import { Form } from "./forms.js";
import { constantOf, patternOf } from "./wast-values.js";

export interface WastScript {
  readonly commands: readonly Command[];
  /** The bytes of a module that a command names: binary, or text in UTF-8. */
  readonly read: (filename: string) => Uint8Array;
}

/**
 * @param name the script's name without `.wast`, from which its modules have theirs
 * @throws SyntaxFault
 */
export function parseWast(source: string, name: string): WastScript {
  const files = new Map<string, Uint8Array>();
  const commands = new WastReader(source, name, files).script();
  return { commands, read: (filename) => files.get(filename)! };
}

/** What a module may hold: a script that begins with one is all one module. */
const FIELDS = new Set(
  "type rec import func table memory global tag export start elem data".split(" "),
);

type ModuleFile = Required<Pick<Command, "filename" | "module_type">>;

class WastReader {
  private readonly positions: Positions;

  constructor(
    private readonly source: string,
    private readonly name: string,
    private readonly files: Map<string, Uint8Array>,
  ) {
    this.positions = new Positions(source);
  }

  script(): Command[] {
    const nodes = readSExpressions(this.source);
    const all = new Form(
      { kind: "list", items: nodes, start: 0, end: this.source.length + 1 },
      this.positions,
    );
    if (all.head !== "") all.back().fail("a command in parentheses is wanted");
    const first = all.peek;
    if (first?.kind === "list" && FIELDS.has(all.inside(first).head))
      return [{ type: "module", line: this.line(first), ...this.file(this.source, "text") }];
    return [...all.rest("a command")].map((list) => this.command(all.inside(list)));
  }

  private command(form: Form): Command {
    const line = this.line(form.list);
    const { head: type } = form;
    const command = this.rest(type, form);
    form.end();
    return { type, line, ...command };
  }

  /** What a command of some type has besides its line; the type too where the JSON's is another. */
  private rest(type: string, form: Form): Partial<Command> {
    switch (type) {
      case "module":
        return this.module(form);
      case "register":
        return { as: form.string("a name"), ...optional("name", form.identifier()) };
      case "invoke":
      case "get":
        return { type: "action", action: this.action(form), expected: [] };
      case "assert_return": {
        const action = this.action(form.inside(form.takeList("an action")));
        const expected = [...form.rest("a result")].map((list) => patternOf(form.inside(list)));
        return { action, expected };
      }
      case "assert_trap":
      case "assert_exhaustion":
      case "assert_exception":
      case "assert_suspension": {
        const about = form.inside(form.takeList("an action"));
        const text = optional("text", form.optionalString());
        return type === "assert_trap" && about.head === "module"
          ? { type: "assert_uninstantiable", ...this.moduleFile(about), ...text }
          : { action: this.action(about), expected: [], ...text };
      }
      case "assert_malformed":
      case "assert_invalid":
      case "assert_unlinkable":
      case "assert_malformed_custom":
      case "assert_invalid_custom": {
        const { filename, module_type } = this.moduleFile(form.inside(form.takeList("a module")));
        return { filename, module_type, text: form.string("a message") };
      }
      case "thread":
        return this.thread(form);
      case "wait":
        return optional("thread", form.identifier());
      default:
        throw this.positions.fault(
          form.list.start,
          type === "" ? "a command begins with its name" : `unknown command ${type}`,
        );
    }
  }

  private module(form: Form): Partial<Command> {
    if (form.keyword("instance"))
      return {
        type: "module_instance",
        ...optional("instance", form.identifier()),
        ...optional("module", form.identifier()),
      };
    const definition = form.keyword("definition");
    return { ...(definition ? { type: "module_definition" } : {}), ...this.contents(form) };
  }

  /** `(module …)` inside of an assertion. */
  private moduleFile(form: Form): ModuleFile {
    if (form.head !== "module") throw this.positions.fault(form.list.start, "a module is wanted");
    form.keyword("definition");
    const { filename, module_type } = this.contents(form);
    return { filename, module_type };
  }

  /** `$name? …)`: what follows `(module definition?`. */
  private contents(form: Form): ModuleFile & Pick<Command, "name"> {
    const { taken } = form;
    const name = optional("name", form.identifier());
    if (form.keyword("binary")) return { ...name, ...this.file(form.strings(), "binary") };
    if (form.keyword("quote")) return { ...name, ...this.file(form.strings(), "text") };
    // Annotations are none of the form's items, so the text goes by positions.
    const text = `(module${this.source.slice(taken, form.list.end)}`;
    form.skip();
    return { ...name, ...this.file(text, "text") };
  }

  private file(content: Uint8Array | string, module_type: "binary" | "text"): ModuleFile {
    const extension = module_type === "binary" ? "wasm" : "wat";
    const filename = `${this.name}.${this.files.size}.${extension}`;
    this.files.set(filename, typeof content === "string" ? utf8.encode(content) : content);
    return { filename, module_type };
  }

  private thread(form: Form): Partial<Command> {
    const name = optional("name", form.identifier());
    const shared: string[] = [];
    const commands: Command[] = [];
    for (const list of form.rest("a command")) {
      const inner = form.inside(list);
      if (inner.head !== "shared" || commands.length > 0) commands.push(this.command(inner));
      else
        for (const item of inner.rest("a module")) {
          const module = inner.inside(item);
          if (module.head !== "module")
            throw this.positions.fault(item.start, "a module is wanted");
          shared.push(module.identifier() ?? module.fail("the name of a module is wanted"));
          module.end();
        }
    }
    const modules = shared.length > 1 ? shared : shared[0];
    return { ...name, ...optional("shared_module", modules), commands };
  }

  private action(form: Form): Action {
    const { head: type } = form;
    if (type !== "invoke" && type !== "get")
      throw this.positions.fault(form.list.start, "an action is wanted: invoke or get");
    const module = optional("module", form.identifier());
    const field = form.string("the name of an export");
    if (type === "get") {
      form.end();
      return { type, ...module, field };
    }
    const args = [...form.rest("a constant")].map((list) => constantOf(form.inside(list)));
    return { type, ...module, field, args };
  }

  private line({ start }: List): number {
    return this.positions.at(start).line;
  }
}

const utf8 = new TextEncoder();

/** An object with the key, if there is a value for it. */
const optional = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
