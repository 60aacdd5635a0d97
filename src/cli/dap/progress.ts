// What going back is at, while it takes long: for clients that show such things, with a way
// to give it up.

import type { Progress } from "../../history/timeline.js";
import { progressText } from "../debug.js";
import type { Client } from "./debuggee.js";

/** Milliseconds before it is worth a word, and between two. */
const PATIENCE = 500;

export class TravelProgress {
  private count = 0;
  private begun: number | null = null;
  private told: number | null = null;

  constructor(
    private readonly client: Client,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** What the client knows it by. */
  get id(): string {
    return `travel ${this.count}`;
  }

  /** Null when it is there. */
  tell(progress: Progress | null): void {
    if (this.client.features.supportsProgressReporting !== true) return;
    if (progress === null) return this.end();
    const now = this.now();
    this.begun ??= now;
    if (now - (this.told ?? this.begun) < PATIENCE) return;
    const percentage = progress.total < Infinity ? { percentage: Math.min(100, Math.floor((100 * progress.done) / progress.total)) } : {}; // prettier-ignore
    const body = { message: progressText(progress), ...percentage };
    if (this.told === null) {
      this.count++;
      const start = { progressId: this.id, title: "Going back", cancellable: true };
      this.client.event("progressStart", { ...start, ...body });
    } else this.client.event("progressUpdate", { progressId: this.id, ...body });
    this.told = now;
  }

  private end(): void {
    if (this.told !== null) this.client.event("progressEnd", { progressId: this.id });
    this.begun = null;
    this.told = null;
  }
}
