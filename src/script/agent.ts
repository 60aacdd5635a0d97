// One thread of a script: the modules it has defined and registered, the machine that
// runs them, and how each command is executed. Actions are yielded as calls, so that a
// scheduler may run other threads in the meantime.

import { decode } from "../binary/decode.js";
import { getGlobal, instantiate } from "../exec/instantiate.js";
import type { Machine } from "../exec/machine.js";
import type { Program, Thread } from "../exec/thread.js";
import { UncaughtException } from "../runtime/exceptions.js";
import { type ExternInstance, FuncInstance, ModuleInstance } from "../runtime/instances.js";
import { Exhaustion, Trap } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import {
  InvalidError,
  LinkError,
  MalformedError,
  SyntaxFault,
  UsageError,
} from "../util/errors.js";
import { decodeUtf8 } from "../util/utf8.js";
import { checkBranchHints } from "../valid/branch-hints.js";
import { type ValidateOptions, type ValidModule, validate } from "../valid/validate.js";
import type { Action, Command } from "./commands.js";
import { spectest } from "./spectest.js";
import { parseValue } from "./suite-values.js";
import {
  compareResults,
  type Ending,
  expectError,
  failed,
  Missing,
  PASSED,
  type Verdict,
  verdictOnError,
} from "./verdicts.js";

/** What all threads of a script share. */
export interface Surroundings extends ValidateOptions {
  /** The bytes of a module that the script names. */
  readonly read: (filename: string) => Uint8Array;
  /** Makes a module of text. */
  readonly assemble?: (text: string) => Uint8Array;
  /** Starts a thread that runs the commands. */
  readonly start: (
    name: string,
    agent: (machine: Machine) => Agent,
    commands: readonly Command[],
  ) => Thread;
}

export class Agent {
  private readonly instances = new Map<string, ModuleInstance | Missing>();
  private readonly definitions = new Map<string, ValidModule | Missing>();
  private readonly registered = new Map<string, ReadonlyMap<string, ExternInstance>>([
    ["spectest", spectest()],
  ]);
  /** Registered names that stand for nothing. */
  private readonly missing = new Map<string, Missing>();
  private readonly threads = new Map<string, Thread>();
  private current: ModuleInstance | Missing = nothing("no module was instantiated");
  private defined: ValidModule | Missing = nothing("no module was defined");

  constructor(
    readonly machine: Machine,
    private readonly surroundings: Surroundings,
  ) {}

  /** Executes a command; whatever happens, its verdict. */
  *run(command: Command): Program<Verdict> {
    try {
      return yield* this.execute(command);
    } catch (error) {
      return verdictOnError(error);
    }
  }

  private *execute(command: Command): Program<Verdict> {
    const { text, module_type } = command;
    switch (command.type) {
      case "module":
      case "module_definition":
        return this.module(command);
      case "module_instance":
        return this.moduleInstance(command);
      case "register":
        return this.register(command);
      case "action":
        yield* this.act(command.action!);
        return PASSED;
      case "assert_return":
        return compareResults(yield* this.act(command.action!), command.expected ?? []);
      case "assert_trap":
      // Stack switching: nobody handles what was suspended with, which is a trap.
      case "assert_suspension":
        return expectError(yield* this.ending(command.action!), Trap, text);
      case "assert_exception":
        return expectError(yield* this.ending(command.action!), UncaughtException, text);
      case "assert_exhaustion":
        return expectError(yield* this.ending(command.action!), Exhaustion, text);
      case "assert_malformed":
      case "assert_malformed_custom":
        if (module_type === "text") return TEXT_PARSER;
        return expectError(
          endingOf(() => this.loadAll(command)),
          MalformedError,
          text,
        );
      case "assert_invalid":
        return expectError(
          endingOf(() => this.load(command)),
          InvalidError,
          text,
        );
      case "assert_invalid_custom":
        return expectError(
          endingOf(() => this.loadAll(command)),
          InvalidError,
          text,
        );
      case "assert_unlinkable":
        return expectError(
          endingOf(() => this.instantiate(this.load(command))),
          LinkError,
          text,
        );
      case "assert_uninstantiable":
        return expectError(
          endingOf(() => this.instantiate(this.load(command))),
          Trap,
          text,
        );
      case "thread":
        return this.thread(command);
      case "wait": {
        const { thread = "" } = command;
        const found = this.threads.get(thread);
        if (found === undefined) return failed(`there is no thread ${thread}`.trimEnd());
        yield found;
        return PASSED;
      }
      default:
        return failed(`unknown command ${command.type}`);
    }
  }

  private module(command: Command): Verdict {
    const { name, type } = command;
    try {
      this.defined = this.load(command);
      if (name !== undefined) this.definitions.set(name, this.defined);
      if (type === "module") this.adopt(name, this.instantiate(this.defined));
      return PASSED;
    } catch (error) {
      const verdict = verdictOnError(error);
      const missing = Missing.after(command, verdict);
      this.defined = missing;
      if (name !== undefined) this.definitions.set(name, missing);
      if (type === "module") this.adopt(name, missing);
      return verdict;
    }
  }

  private moduleInstance(command: Command): Verdict {
    const { module, instance } = command;
    try {
      const defined =
        module === undefined
          ? this.defined
          : (this.definitions.get(module) ?? nothing(`no module ${module} was defined`));
      this.adopt(instance, this.instantiate(present(defined)));
      return PASSED;
    } catch (error) {
      const verdict = verdictOnError(error);
      this.adopt(instance, Missing.after(command, verdict));
      return verdict;
    }
  }

  private register({ as, name }: Command): Verdict {
    const instance = this.instance(name);
    this.registered.delete(as!);
    this.missing.delete(as!);
    if (instance instanceof Missing) {
      this.missing.set(as!, instance);
      throw instance;
    }
    this.registered.set(as!, instance.exports);
    return PASSED;
  }

  private load({ filename, module_type }: Command): ValidModule {
    const bytes = this.surroundings.read(filename!);
    const module = module_type === "text" ? this.assemble(bytes) : bytes;
    return validate(decode(module), this.surroundings);
  }

  /** The same, and what custom sections say. */
  private loadAll(command: Command): void {
    checkBranchHints(this.load(command));
  }

  private assemble(bytes: Uint8Array): Uint8Array {
    const { assemble } = this.surroundings;
    const refuse = (reason: string): never => {
      throw new Missing({ kind: "not assembled", reason });
    };
    const text = decodeUtf8(bytes, 0, bytes.length) ?? refuse("the text is not UTF-8");
    if (assemble === undefined) return refuse("there is no assembler for text");
    try {
      return assemble(text);
    } catch (error) {
      if (error instanceof SyntaxFault)
        return refuse(`${error.reason} (at ${error.line}:${error.column} of the module)`);
      return refuse(error instanceof Error ? error.message : String(error));
    }
  }

  private instantiate(module: ValidModule): ModuleInstance {
    for (const { module: from } of module.imports) {
      const missing = this.missing.get(from);
      if (missing !== undefined) throw missing;
    }
    return instantiate(this.machine, module, this.registered);
  }

  private adopt(name: string | undefined, instance: ModuleInstance | Missing): void {
    this.current = instance;
    if (name !== undefined) this.instances.set(name, instance);
  }

  private instance(name: string | undefined): ModuleInstance | Missing {
    if (name === undefined) return this.current;
    return this.instances.get(name) ?? nothing(`no module ${name} was instantiated`);
  }

  private *act({ type, module, field, args = [] }: Action): Program<readonly Value[]> {
    const found = present(this.instance(module)).exports.get(field);
    if (type === "get") {
      if (found?.kind !== "global") throw new UsageError(`no global ${field} is exported`);
      return [getGlobal(found.global)];
    }
    if (found?.kind !== "func" || !(found.func instanceof FuncInstance))
      throw new UsageError(`no function ${field} is exported`);
    return yield { func: found.func, args: args.map(parseValue) };
  }

  private *ending(action: Action): Program<Ending> {
    try {
      yield* this.act(action);
      return {};
    } catch (error) {
      return { error };
    }
  }

  /** A thread has no modules but those that are shared with it. */
  private thread({ name = "", shared_module = [], commands = [] }: Command): Verdict {
    const shared = [shared_module].flat().map((module) => {
      const instance = present(this.instance(module));
      for (const [field, extern] of instance.exports)
        if (extern.kind !== "memory" || !extern.memory.type.limits.shared)
          throw new UsageError(`module ${module} cannot be shared: its export ${field} is not`);
      return [module, instance] as const;
    });
    const make = (machine: Machine): Agent => {
      const agent = new Agent(machine, this.surroundings);
      for (const [module, instance] of shared) agent.adopt(module, instance);
      return agent;
    };
    this.threads.set(name, this.surroundings.start(name, make, commands));
    return PASSED;
  }
}

const TEXT_PARSER: Verdict = { kind: "not applicable", reason: "the module is malformed text" };

const nothing = (reason: string): Missing => new Missing(failed(reason));

/** @throws Missing */
function present<T>(found: T | Missing): T {
  if (found instanceof Missing) throw found;
  return found;
}

function endingOf(action: () => unknown): Ending {
  try {
    action();
    return {};
  } catch (error) {
    return { error };
  }
}
