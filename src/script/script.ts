// Runs scripts of the official test suite in the JSON form that `wast2json` and
// `json-from-wast` write: a list of commands beside the modules they name. A
// command passes, fails with a reason, or does not apply (malformed text tests a
// text parser, which Bobbin does not have); it is never skipped in silence.

import { decode } from "../binary/decode.js";
import { instantiate, getGlobal } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { type ExternInstance, FuncInstance, type ModuleInstance } from "../runtime/instances.js";
import { UncaughtException } from "../runtime/exceptions.js";
import { Exhaustion, Trap } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import { CrashError, InvalidError, LinkError, MalformedError } from "../util/errors.js";
import { type ValidateOptions, type ValidModule, validate } from "../valid/validate.js";
import { matchesValue, parseValue, printValue, type SuiteValue } from "./suite-values.js";
import { spectest } from "./spectest.js";

export interface Action {
  readonly type: "invoke" | "get";
  readonly module?: string;
  readonly field: string;
  readonly args?: readonly SuiteValue[];
}

/** One command; fields by its type, as in the JSON. */
export interface Command {
  readonly type: string;
  readonly line: number;
  readonly name?: string;
  readonly module?: string;
  readonly instance?: string;
  readonly as?: string;
  readonly filename?: string;
  readonly module_type?: "binary" | "text";
  readonly action?: Action;
  readonly expected?: readonly SuiteValue[];
  readonly text?: string;
}

export type Verdict =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "not applicable"; readonly reason: string };

export interface Result {
  readonly command: Command;
  readonly verdict: Verdict;
}

const PASSED: Verdict = { kind: "passed" };
const failed = (reason: string): Verdict => ({ kind: "failed", reason });

/** A script's world: its registered modules and the machine that runs them. */
export class Script {
  private readonly machine = new Machine({ maxFrames: 20_000 });
  private readonly instances = new Map<string, ModuleInstance>();
  private readonly definitions = new Map<string, ValidModule>();
  private readonly registered = new Map<string, ReadonlyMap<string, ExternInstance>>();
  private current: ModuleInstance | null = null;
  private defined: ValidModule | null = null;

  /** @param read gives the bytes of a file that the script names */
  constructor(
    private readonly read: (filename: string) => Uint8Array,
    private readonly options: ValidateOptions = {},
  ) {
    this.registered.set("spectest", spectest());
  }

  run(command: Command): Result {
    return { command, verdict: this.verdict(command) };
  }

  private verdict(command: Command): Verdict {
    try {
      return this.execute(command);
    } catch (error) {
      return failed(
        `unexpected ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
      );
    }
  }

  private execute(command: Command): Verdict {
    switch (command.type) {
      case "module":
      case "module_definition":
        if (command.module_type === "text") return textual();
        this.defined = this.load(command);
        if (command.name !== undefined) this.definitions.set(command.name, this.defined);
        if (command.type === "module") this.adopt(command.name, this.instantiate(this.defined));
        return PASSED;
      case "module_instance": {
        const module =
          command.module === undefined ? this.defined : this.definitions.get(command.module);
        if (module === null || module === undefined)
          return failed(`no module ${command.module ?? ""} was defined`);
        this.adopt(command.instance, this.instantiate(module));
        return PASSED;
      }
      case "register":
        this.registered.set(command.as!, this.instance(command.name).exports);
        return PASSED;
      case "action":
        this.act(command.action!);
        return PASSED;
      case "assert_return":
        return this.compare(this.act(command.action!), command.expected ?? []);
      case "assert_trap":
      // Stack switching: nobody handles what was suspended with, which is a trap.
      case "assert_suspension":
        return this.expect(() => this.act(command.action!), Trap, command.text);
      case "assert_exception":
        return this.expect(() => this.act(command.action!), UncaughtException, command.text);
      case "assert_exhaustion":
        return this.expect(() => this.act(command.action!), Exhaustion, command.text);
      case "assert_malformed":
        if (command.module_type === "text") return textual();
        return this.expect(() => this.load(command), MalformedError, command.text);
      case "assert_invalid":
        if (command.module_type === "text") return textual();
        return this.expect(() => this.load(command), InvalidError, command.text);
      case "assert_malformed_custom":
      case "assert_invalid_custom":
        if (command.module_type === "text") return textual();
        return { kind: "not applicable", reason: "what a custom section says is not checked" };
      case "assert_unlinkable":
        return this.expect(() => this.instantiate(this.load(command)), LinkError, command.text);
      case "assert_uninstantiable":
        return this.expect(() => this.instantiate(this.load(command)), Trap, command.text);
      default:
        return failed(`unknown command ${command.type}`);
    }
  }

  private load({ filename }: Command): ValidModule {
    return validate(decode(this.read(filename!)), this.options);
  }

  private instantiate(module: ValidModule): ModuleInstance {
    return instantiate(this.machine, module, this.registered);
  }

  private adopt(name: string | undefined, instance: ModuleInstance): void {
    this.current = instance;
    if (name !== undefined) this.instances.set(name, instance);
  }

  private instance(name: string | undefined): ModuleInstance {
    const instance = name === undefined ? this.current : this.instances.get(name);
    if (instance === null || instance === undefined)
      throw new CrashError(`no module ${name ?? "was instantiated"}`);
    return instance;
  }

  private act(action: Action): readonly Value[] {
    const found = this.instance(action.module).exports.get(action.field);
    if (action.type === "get") {
      if (found?.kind !== "global") throw new CrashError(`no global ${action.field} is exported`);
      return [getGlobal(found.global)];
    }
    if (found?.kind !== "func" || !(found.func instanceof FuncInstance)) {
      throw new CrashError(`no function ${action.field} is exported`);
    }
    return this.machine.invoke(found.func, (action.args ?? []).map(parseValue));
  }

  private compare(found: readonly Value[], expected: readonly SuiteValue[]): Verdict {
    if (
      found.length === expected.length &&
      found.every((value, i) => matchesValue(value, expected[i]!))
    )
      return PASSED;
    return failed(
      `expected [${expected.map(printExpected).join(" ")}], got [${found.map(printValue).join(" ")}]`,
    );
  }

  /** Passes where `action` throws an error of the class whose message begins as the suite says. */
  private expect(
    action: () => unknown,
    kind: abstract new (...args: never[]) => Error,
    text = "",
  ): Verdict {
    try {
      action();
    } catch (error) {
      if (!(error instanceof kind))
        return failed(`expected ${kind.name} (${text}), got ${String(error)}`);
      const reason = "reason" in error ? String(error.reason) : error.message;
      const saysIt = reason.startsWith(text) || text.startsWith(reason);
      return saysIt ? PASSED : failed(`expected the message "${text}", got "${reason}"`);
    }
    return failed(`expected ${kind.name} (${text}), but nothing was thrown`);
  }
}

const printExpected = (value: SuiteValue): string => JSON.stringify(value);
const textual = (): Verdict => ({ kind: "not applicable", reason: "the module is text" });
