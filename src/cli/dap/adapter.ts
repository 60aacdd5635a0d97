// One session of the Debug Adapter Protocol: requests in, responses and events out. The
// framing, and lines and columns as the client counts them, are the package's; what each
// request does is in files of its own.

import {
  DebugSession as ProtocolSession,
  InitializedEvent,
  OutputEvent,
  Response,
} from "@vscode/debugadapter";
import type { DebugProtocol as P } from "@vscode/debugprotocol";
import { UsageError } from "../../util/errors.js";
import { Context } from "../context.js";
import { describeFailure, failureLine } from "../failure.js";
import { type AdapterIo, programIo } from "./program-io.js";
import { checkArguments } from "./arguments.js";
import { capabilities } from "./capabilities.js";
import { type Client, Debuggee, RunningError } from "./debuggee.js";
import { handlers } from "./handlers.js";
import { launch, type LaunchOptions, substitutionsOf } from "./launch.js";
import type { Requests } from "./protocol.js";
import { Run } from "./run.js";

/** Our numbers of errors, as responses have them. */
const FAILED = 1;
const INTERNAL = 2;

type Body = object | undefined | void;

export class Adapter extends ProtocolSession implements Client {
  features: Partial<P.InitializeRequestArguments> = {};
  private debuggee: Debuggee | null = null;
  private config: LaunchOptions = {};
  /** The last request of each kind, and for each source: clients do not repeat them. */
  private readonly breakpoints = new Map<string, P.Request>();
  private configured = false;
  private ended = false;
  /** Requests are answered one after the other: what one sets, the next one sees. */
  private queue: Promise<void> = Promise.resolve();

  /** @param io the streams of `bobbin dap`; the program's go to the client */
  constructor(
    private readonly io: AdapterIo,
    private readonly onEnd: () => void,
  ) {
    super();
    this.setDebuggerLinesStartAt1(true);
    this.setDebuggerColumnsStartAt1(true);
    this.on("close", () => this.shutdown());
    this.on("error", () => this.shutdown());
  }

  event(name: string, body?: object): void {
    if (!this.ended) this.sendEvent({ seq: 0, type: "event", event: name, ...(body && { body }) });
  }

  output(category: "console" | "stdout" | "stderr" | "important", text: string): void {
    if (!this.ended && text !== "") this.sendEvent(new OutputEvent(text, category));
  }

  toClientLine(line: number): number {
    return this.convertDebuggerLineToClient(line);
  }
  toClientColumn(column: number): number {
    return this.convertDebuggerColumnToClient(column);
  }
  fromClientLine(line: number): number {
    return this.convertClientLineToDebugger(line);
  }

  fromClientColumn(column: number): number {
    return this.convertClientColumnToDebugger(column);
  }

  override shutdown(): void {
    if (this.ended) return;
    this.ended = true;
    this.debuggee?.run.abandon();
    this.stop();
    this.onEnd();
  }

  protected override dispatchRequest(request: P.Request): void {
    // These must get through while others are under way.
    const now = IMMEDIATE.has(request.command);
    if (now) void this.answer(request);
    else this.queue = this.queue.then(() => this.answer(request));
  }

  private async answer(request: P.Request): Promise<void> {
    const response: P.Response = new Response(request);
    try {
      const body = await this.perform(request);
      this.remember(request);
      if (body !== undefined) response.body = body;
      this.sendResponse(response);
    } catch (error) {
      this.fail(response, error);
    }
    if (request.command === "launch" && response.success) this.sendEvent(new InitializedEvent());
    if (request.command === "disconnect") this.shutdown();
  }

  private remember(request: P.Request): void {
    const { command, arguments: args } = request;
    if (!/^set\w*Breakpoints$/.test(command)) return;
    const { source } = (args ?? {}) as Partial<P.SetBreakpointsArguments>;
    this.breakpoints.set(`${command} ${source?.path ?? source?.sourceReference ?? ""}`, request);
  }

  private fail(response: P.Response, error: unknown): void {
    response.success = false;
    if (error instanceof RunningError) {
      response.message = error.message;
      return this.sendResponse(response);
    }
    const failure = describeFailure(error);
    const crash = failure.kind === "crash";
    if (crash && this.io.debug === true && error instanceof Error)
      this.output("stderr", `${error.stack ?? error.message}\n`);
    const message = failureLine(failure).replace(/^bobbin: /, "");
    // What a hover or a watch cannot show is nothing to interrupt a person for.
    const showUser = crash || LOUD.has(response.command);
    const id = crash ? INTERNAL : FAILED;
    response.message = message;
    response.body = { error: { id, format: "{message}", variables: { message }, showUser } };
    this.sendResponse(response);
  }

  private async perform(request: P.Request): Promise<Body> {
    const args: unknown = request.arguments ?? {};
    switch (request.command) {
      case "initialize":
        return this.initialize(request, args as P.InitializeRequestArguments);
      case "launch":
        return this.launch(args as LaunchOptions);
      case "attach":
        throw new UsageError("there is nothing to attach to: only launch is known");
      case "configurationDone":
        return this.begin();
      case "restart":
        return this.restart((args as P.RestartArguments).arguments as LaunchOptions | undefined);
      case "terminate":
        return this.terminate();
      case "disconnect":
        return this.debuggee?.run.abandon();
      case "cancel":
        return this.debuggee?.run.cancel(args as P.CancelArguments);
      default:
        return this.handle(request.command, args);
    }
  }

  private handle(command: string, args: unknown): Body | Promise<Body> {
    const handler = Object.hasOwn(handlers, command) ? handlers[command as keyof Requests] : null;
    if (handler == null) throw new UsageError(`request ${command} is not known`);
    const { debuggee } = this;
    if (debuggee === null) {
      // Clients ask before anything is launched, or when it is over.
      if (command === "threads") return { threads: [] };
      throw new UsageError("no program is being debugged");
    }
    checkArguments(command as keyof Requests, args);
    return (handler as (debuggee: Debuggee, args: unknown) => Body | Promise<Body>)(debuggee, args);
  }

  /** The package notes how the client counts lines and columns; the rest is ours. */
  private initialize(request: P.Request, given: P.InitializeRequestArguments): Body {
    const { pathFormat = "path", ...args } = given;
    if (pathFormat !== "path") throw new UsageError("paths are wanted as paths, not as URIs");
    this.features = args;
    super.dispatchRequest({ ...request, arguments: { ...args, pathFormat } } as P.Request);
    return capabilities;
  }

  /** Called by the package: the response is sent by `answer`. */
  protected override initializeRequest(): void {}

  private async launch(config: LaunchOptions): Promise<void> {
    if (this.debuggee !== null) throw new UsageError("a program is being debugged already");
    this.config = config;
    this.debuggee = await this.open(config);
  }

  private async open(config: LaunchOptions): Promise<Debuggee> {
    const context = new Context(programIo(this.io, (stream, text) => this.output(stream, text)));
    const substitutions = substitutionsOf(config);
    const debugged = config.noDebug !== true;
    const run = new Run(this, { stopOnExit: debugged && config.stopOnExit === true });
    if (!debugged) run.filters = new Set();
    const launched = await launch(config, context, {
      onProgress: (progress) => run.progress(progress),
    });
    return new Debuggee(launched, this, run, { debugged, substitutions });
  }

  /** Breakpoints are there: the program may run. */
  private begin(): void {
    const { debuggee, configured } = this;
    if (debuggee === null) throw new UsageError("no program is being debugged");
    if (configured) throw new UsageError("the configuration is done already");
    this.configured = true;
    this.go(debuggee);
  }

  private go({ run }: Debuggee): void {
    if (this.config.stopOnEntry === true && this.config.noDebug !== true) run.stopAtEntry();
    else run.forward((session) => session.continue());
  }

  private async restart(config: LaunchOptions | undefined): Promise<void> {
    const { debuggee } = this;
    if (debuggee === null) throw new UsageError("no program is being debugged");
    debuggee.run.abandon();
    this.config = config ?? this.config;
    this.debuggee = await this.open(this.config);
    this.debuggee.breakpoints.inherit(debuggee.breakpoints);
    for (const { command, arguments: args } of this.breakpoints.values())
      await this.handle(command, args ?? {});
    this.go(this.debuggee);
  }

  private terminate(): void {
    this.debuggee?.run.abandon();
    this.event("terminated");
  }
}

/** Requests that end or interrupt others. */
const IMMEDIATE: ReadonlySet<string> = new Set(["pause", "cancel", "terminate", "disconnect"]);
/** Requests that somebody made on purpose, and waits for. */
const LOUD: ReadonlySet<string> = new Set(["launch", "restart", "setVariable", "writeMemory"]);
