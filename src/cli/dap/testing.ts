// For tests: an adapter and the official test client in one process, and all that they say
// to each other as text.

import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { DebugClient } from "@vscode/debugadapter-testsupport";
import type { DebugProtocol as P } from "@vscode/debugprotocol";
import { surroundings } from "../testing.js";
import { Adapter } from "./adapter.js";
import type { LaunchOptions } from "./launch.js";
import type { Requests } from "./protocol.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
export const fixture = (file: string): string => `${root}fixtures/${file}`;

const clients: TestClient[] = [];

/** A client of an adapter of its own. */
export function open(): TestClient {
  const client = new TestClient();
  clients.push(client);
  return client;
}

/** Ends all sessions: for `afterEach`. */
export async function closeClients(): Promise<void> {
  for (const client of clients.splice(0)) await client.leave();
}

type Config = LaunchOptions & Readonly<Record<string, unknown>>;

export class TestClient extends DebugClient {
  /** What was said, in order; paths start at the project's root. */
  readonly transcript: string[] = [];
  readonly events: P.Event[] = [];
  private quiet = false;
  /** The thread that stopped last. */
  thread = 0;
  /** Called when the adapter has ended the session. */
  ended = false;

  constructor() {
    super("node", "", "bobbin");
    const [toAdapter, toClient] = [new PassThrough(), new PassThrough()];
    const adapter = new Adapter(
      { stdin: toAdapter, surroundings: surroundings() },
      () => (this.ended = true),
    );
    adapter.onDidSendMessage((message) => this.hear(message as P.ProtocolMessage));
    this.connect(toClient, toAdapter);
    toAdapter.on("data", (data: Buffer) => this.hearClient(String(data)));
    adapter.start(toAdapter, toClient);
  }

  /** A request, as the adapter's own types have it. */
  async ask<C extends keyof Requests>(command: C, args: Requests[C][0]): Promise<Requests[C][1]> {
    const response = await this.customRequest(command, args);
    return response.body as Requests[C][1];
  }

  /** What a request that fails is answered with. */
  refusal(command: string, args: object): Promise<string> {
    return this.customRequest(command, args).then(
      () => "no failure",
      (error: Error) => error.message,
    );
  }

  /** Does `action`, and waits for the stop that follows it. */
  async until(action: () => Promise<unknown>): Promise<P.StoppedEvent["body"]> {
    const [event] = await Promise.all([this.waitForEvent("stopped"), action()]);
    return event.body as P.StoppedEvent["body"];
  }

  /** Starts a program; `configure` sets breakpoints. */
  async begin(
    config: Config,
    configure: () => Promise<unknown> = () => Promise.resolve(),
  ): Promise<void> {
    await this.initializeRequest();
    await Promise.all([this.waitForEvent("initialized"), this.launchRequest(config as object)]);
    await configure();
    await this.configurationDoneRequest();
  }

  /** The same with a stop before the first instruction. */
  async enter(config: Config): Promise<void> {
    await this.until(() => this.begin({ stopOnEntry: true, ...config }));
  }

  /** Ends the session, if it has not ended. */
  async leave(): Promise<void> {
    if (!this.ended) await this.disconnectRequest();
  }

  /** Where threads stand: `func 0x12 file:line`, innermost first. */
  async stack(threadId = this.thread): Promise<string[]> {
    const { body } = await this.stackTraceRequest({ threadId });
    return body.stackFrames.map(
      ({ name, line, source, instructionPointerReference: at }) =>
        `${name} ${at} ${source?.name}:${line}`,
    );
  }

  async top(threadId = this.thread): Promise<P.StackFrame> {
    const { body } = await this.stackTraceRequest({ threadId });
    return body.stackFrames[0]!;
  }

  /** The variables of a scope, by name. */
  async scope(name: string, frame?: P.StackFrame): Promise<Map<string, P.Variable>> {
    const { id } = frame ?? (await this.top());
    const { scopes } = (await this.scopesRequest({ frameId: id })).body;
    const { variablesReference } = scopes.find((scope) => scope.name === name)!;
    const { variables } = (await this.variablesRequest({ variablesReference })).body;
    return new Map(variables.map((variable) => [variable.name, variable]));
  }

  /** All that requests tell of where the program stands, and its memory; not in the transcript. */
  async image(): Promise<unknown> {
    this.quiet = true;
    const { threads } = await this.ask("threads", undefined);
    const stacks: unknown[] = [];
    for (const { id } of threads) {
      const { stackFrames } = await this.ask("stackTrace", { threadId: id });
      for (const frame of stackFrames) {
        const { scopes } = await this.ask("scopes", { frameId: frame.id });
        const variables: unknown[] = [];
        for (const { variablesReference } of scopes) {
          const found = await this.ask("variables", { variablesReference });
          // References are numbers of the moment.
          variables.push(
            found.variables.map((variable) => ({ ...variable, variablesReference: 0 })),
          );
        }
        stacks.push({ ...frame, id: 0, variables });
      }
    }
    const memory = await this.ask("readMemory", { memoryReference: "0x0", count: 2 ** 31 });
    this.quiet = false;
    return { threads, stacks, memory };
  }

  /** The text of output events of a category. */
  output(category: string): string {
    const bodies = this.events
      .filter(({ event }) => event === "output")
      .map(({ body }) => body as P.OutputEvent["body"]);
    return bodies
      .filter((body) => body.category === category)
      .map((body) => body.output)
      .join("");
  }

  /** The client writes a message at a time. */
  private hearClient(data: string): void {
    const { command, arguments: args } = JSON.parse(data.slice(data.indexOf("{"))) as P.Request;
    this.note(`-> ${command}`, args);
  }

  private hear(message: P.ProtocolMessage): void {
    if (message.type === "event") {
      const event = message as P.Event;
      this.events.push(event);
      if (event.event === "stopped") this.thread = (event.body as P.StoppedEvent["body"]).threadId!;
      return this.note(`<- event ${event.event}`, event.body);
    }
    const { command, success, message: text, body } = message as P.Response;
    this.note(`<- ${command}${success ? "" : ` failed: ${text}`}`, success ? body : undefined);
  }

  private note(head: string, body: unknown): void {
    if (this.quiet) return;
    const text = body === undefined ? "" : ` ${JSON.stringify(body)}`;
    this.transcript.push((head + text).replaceAll(root, ""));
  }
}
