// The page's side of the worker: calls that answer with promises, in order. It is opened by
// the first call, and by the first after it was ended or lost.

import type { MachineApi, Method, Problem, Request, Response } from "./api.js";

/** The worker refused, for a reason that the reader can understand. */
export class ProgramError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

type Answer<M extends Method> = Promise<Awaited<ReturnType<MachineApi[M]>>>;

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

export class MachineClient {
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  /** What long work is at; null when it is over. */
  onProgress: (text: string | null) => void = () => undefined;
  /** There is no program any more. */
  onLost: (reason: string) => void = () => undefined;

  private open(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Response>) => this.answered(data);
    // A worker that could not be loaded tells by an event without a message.
    worker.onerror = ({ message }: Partial<ErrorEvent>) => {
      // The next request opens another.
      if (this.worker === worker) this.lose(`the machine was lost${message ? `: ${message}` : ""}`);
    };
    return worker;
  }

  call<M extends Method>(method: M, ...args: Parameters<MachineApi[M]>): Answer<M> {
    const id = this.nextId++;
    const request: Request = { id, method, args };
    this.worker ??= this.open();
    this.worker.postMessage(request);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject })) as Answer<M>;
  }

  /** The same, and tells. */
  lose(reason: string): void {
    this.reset(reason);
    this.onLost(reason);
  }

  /** Ends what the worker is at; the program must be loaded again. */
  reset(reason: string): void {
    this.worker?.terminate();
    this.worker = null;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    this.onProgress(null);
    for (const { reject } of waiting) reject(new ProgramError({ message: reason }));
  }

  private answered(response: Response): void {
    if ("progress" in response) return this.onProgress(response.progress);
    const waiting = this.waiting.get(response.id);
    // What a worker sent that was ended meanwhile.
    if (waiting === undefined) return;
    const { resolve, reject } = waiting;
    this.waiting.delete(response.id);
    if (this.waiting.size === 0) this.onProgress(null);
    if ("ok" in response) resolve(response.ok as never);
    else reject(new ProgramError(response.failed));
  }
}
