// The page's side of the worker: calls that answer with promises, in order.

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
  private worker = this.open();
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  /** What long work is at; null when it is over. */
  onProgress: (text: string | null) => void = () => undefined;

  private open(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Response>) => this.answered(data);
    worker.onerror = ({ message }) => this.fail(new Error(`the worker failed: ${message}`));
    return worker;
  }

  call<M extends Method>(method: M, ...args: Parameters<MachineApi[M]>): Answer<M> {
    const id = this.nextId++;
    const request: Request = { id, method, args };
    this.worker.postMessage(request);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject })) as Answer<M>;
  }

  /** Ends what the worker is at; the program must be loaded again. */
  reset(): void {
    this.worker.terminate();
    this.worker = this.open();
    this.fail(new ProgramError({ message: "stopped" }));
  }

  private answered(response: Response): void {
    if ("progress" in response) return this.onProgress(response.progress);
    const { resolve, reject } = this.waiting.get(response.id)!;
    this.waiting.delete(response.id);
    if (this.waiting.size === 0) this.onProgress(null);
    if ("ok" in response) resolve(response.ok as never);
    else reject(new ProgramError(response.failed));
  }

  private fail(error: unknown): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
    this.onProgress(null);
  }
}
