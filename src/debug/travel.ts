// Going back in a recorded program, and forward again to where it is. Looking at the past does
// not touch the program: a machine that runs again stands in for it (`past.ts`), until somebody
// comes back to where it ends.

import { callOf } from "../history/calls.js";
import type { Edit } from "../history/edits.js";
import type { History } from "../history/history.js";
import { compare, formatPosition, type Position } from "../history/position.js";
import { entered, firstPlace, framesOf, mayBeAt, stepBack } from "../history/queries.js";
import { finish, type Progress, type Task, type Timeline } from "../history/timeline.js";
import { isOver } from "../snapshot/save-fibers.js";
import { UsageError } from "../util/errors.js";
import { PastScene } from "./past.js";
import type { Scene } from "./scene.js";
import { anyEvent, leavesOff, StopSearch } from "./search.js";
import type { Stop } from "./session-types.js";
import { Stops } from "./stops.js";
import { contentOf, placeOf, targetText, type WatchTarget } from "./watch.js";

/** Who travels. */
export interface Traveller {
  readonly stops: Stops;
  readonly breathe: () => Promise<void>;
  readonly onProgress: (progress: Progress | null) => void;
  /** Whether somebody asked to stop since `begin`. */
  readonly pauses: () => boolean;
  readonly begin: () => void;
  /** Looks at another scene. */
  readonly show: (scene: Scene) => void;
}

/** What to look for: where, from a place in a call on, to go back to. */
type Search = (timeline: Timeline, from: Position, call: number) => Task<Position | null>;

export class Travel {
  /** The program itself is what is looked at. */
  private atEdge: boolean;
  /** Somebody changed the past: there is no way back to the program from there. */
  private forked = false;

  constructor(
    private readonly history: History,
    private readonly live: Scene | null,
    private past: PastScene | null,
    private readonly traveller: Traveller,
  ) {
    this.atEdge = live !== null;
  }

  get position(): Position {
    if (!this.atEdge) return this.past!.replica.position;
    const { entries, executed, drops } = this.history.recorder!.end;
    return { entries, executed, drops };
  }

  /** Where the past ends: the scene in which the program goes on, if it stands there now. */
  crossed(): Scene | null {
    const { live, past, history } = this;
    if (this.atEdge || this.forked || live === null) return null;
    const { replica } = past!;
    if (!replica.stands || compare(replica.position, { ...history.recorder!.end }) !== 0)
      return null;
    this.atEdge = true;
    return live;
  }

  stepBack(count: number): Promise<Stop> {
    const search: Search = (timeline, from, call) => stepBack(timeline, from, call, count);
    return this.back(search, () => ({ kind: "stepped" }));
  }

  nextBack(): Promise<Stop> {
    const depth = this.depth;
    function* search(timeline: Timeline, from: Position, call: number): Task<Position | null> {
      const before = yield* stepBack(timeline, from, call);
      if (before === null) return null;
      yield* timeline.goTo(before);
      const fiber = timeline.replica.machine.fiber!;
      if (callOf(fiber) !== call || framesOf(fiber) <= depth) return before;
      return yield* callBefore(timeline, before, call, depth + 1);
    }
    return this.back(search, () => ({ kind: "stepped" }));
  }

  finishBack(level: number): Promise<Stop> {
    const depth = this.depth - level;
    const search: Search = (timeline, from, call) => callBefore(timeline, from, call, depth);
    return this.back(search, () => ({ kind: "stepped" }));
  }

  private get depth(): number {
    return framesOf((this.atEdge ? this.live! : this.past!).fiber);
  }

  async continueBack(): Promise<Stop> {
    const { stops } = this.traveller;
    const past = await this.thePast();
    const search = new StopSearch(past, stops.forSearch());
    const stop = await this.back(
      (timeline, from) => timeline.lastBefore(from, search),
      () => ({ kind: "stepped" }),
    );
    const { last } = search;
    if (stop.kind !== "stepped" || last === null) return stop;
    const known = { ...last, stop: stops.get(last.stop.id) } as typeof last;
    if (known.kind !== "watch" || known.by.kind !== "instruction") return known;
    return { ...known, ...(await this.written(past, known.stop.target)) };
  }

  /** When something was written last. @throws UsageError where it was not */
  async lastWrite(target: WatchTarget): Promise<Stop> {
    const past = await this.thePast();
    const stops = new Stops(past.instance);
    stops.add({ kind: "watch", target });
    const search = new StopSearch(past, stops);
    const stop = await this.back(
      (timeline, from) => timeline.lastBefore(from, search),
      () => ({ kind: "arrived" }),
      `nobody has written to ${targetText(target, past.instance)} since the recording began`,
    );
    const { last } = search;
    if (stop.kind !== "arrived" || last?.kind !== "watch") return stop;
    const { before, after, by } = last;
    const contents =
      by.kind === "instruction" ? await this.written(past, target) : { before, after };
    return { kind: "written", target, by, ...contents };
  }

  /** When one of the program's fibers ran last. @throws UsageError where it did not */
  async lastRun(id: number): Promise<Stop> {
    const past = await this.thePast();
    if (past.events.tracker === null) throw new UsageError("the program has no fibers of its own");
    const { events } = this.atEdge ? this.live! : past;
    if (events?.tracker?.current.id === id) throw new UsageError(`fiber ${id} is on now`);
    return this.back(
      (timeline, from) => timeline.lastBefore(from, leavesOff(past, id)),
      () => ({ kind: "arrived" }),
      `fiber ${id} has not run since the recording began`,
    );
  }

  /** To where the event with that number, as `bobbin trace` counts, is about to happen. @throws UsageError */
  async goToEvent(number: number): Promise<Stop> {
    if (number === 0) throw new UsageError("events are numbered from 1 on");
    const past = await this.thePast();
    return this.back(
      function* (timeline): Task<Position | null> {
        const found = yield* timeline.nth(number, anyEvent(past));
        if (found === null) return null;
        yield* timeline.goTo(found);
        const { replica } = timeline;
        while (replica.stands && replica.tick() !== "end");
        return timeline.position;
      },
      () => ({ kind: "arrived" }),
      `there is no event ${number} until where the program is`,
    );
  }

  /** @throws UsageError for a position to which the run does not come */
  async goTo(position: Position): Promise<Stop> {
    const past = await this.thePast();
    if (!mayBeAt(past.timeline, position))
      throw new UsageError(`the run does not come to ${formatPosition(position)}`);
    return this.back(
      function* (timeline): Task<Position | null> {
        yield* timeline.goTo(position);
        return timeline.position;
      },
      () => (this.atEdge ? this.live! : past).end ?? { kind: "arrived" },
    );
  }

  /** Changes what is looked at, as part of the history. @throws RecordingError */
  edit(edit: Edit): void {
    if (this.atEdge) return this.history.recorder!.edit(edit);
    const { replica, timeline } = this.past!;
    timeline.points.cut(replica.position);
    replica.edit(edit);
    this.forked = true;
    return undefined;
  }

  /** The machine that runs again, made when it is first asked for. @throws UsageError where nothing was recorded */
  private async thePast(): Promise<PastScene> {
    if (this.past !== null) return this.past;
    const { problem } = this.history.recorder!;
    if (problem !== null) throw new UsageError(`there is no way back: ${problem}`);
    const only = callOf(this.live!.fiber);
    return (this.past = await PastScene.make(this.history, only, this.traveller.breathe));
  }

  /**
   * Goes to where a search leads: to the start if it leads nowhere.
   * @param otherwise what is wrong then, where it is to stay where it is
   */
  private async back(search: Search, stop: () => Stop, otherwise?: string): Promise<Stop> {
    const { traveller } = this;
    traveller.begin();
    const past = await this.thePast();
    const { timeline } = past;
    const from = this.position;
    const call = callOf((this.atEdge ? this.live! : past).fiber);
    try {
      const found = await this.find(past, search(timeline, from, call));
      if (found !== null) {
        await this.arrive(past, timeline.goTo(found));
        return stop();
      }
      if (traveller.pauses() || otherwise !== undefined) {
        await this.stay(past, from);
        if (traveller.pauses()) return { kind: "paused" };
        throw new UsageError(otherwise);
      }
      await this.arrive(past, firstPlace(timeline));
      return { kind: "start" };
    } finally {
      traveller.onProgress(null);
    }
  }

  /** Where a search ends; where it fails, all is as it was. */
  private async find(past: PastScene, task: Task<Position | null>): Promise<Position | null> {
    const { breathe, onProgress, pauses: cancelled } = this.traveller;
    const from = this.position;
    try {
      return await finish(task, { breathe, onProgress, cancelled });
    } catch (error) {
      await this.stay(past, from);
      throw error;
    }
  }

  /** Looks at the past where a task leads. */
  private async arrive(past: PastScene, task: Task<unknown>): Promise<void> {
    const { breathe, onProgress, show } = this.traveller;
    await finish(task, { breathe, onProgress });
    if (past.machine.fiber === null) await finish(firstPlace(past.timeline), { breathe });
    this.atEdge = false;
    past.look();
    show(this.crossed() ?? past);
  }

  private async stay(past: PastScene, from: Position): Promise<void> {
    if (!this.atEdge) await this.arrive(past, past.timeline.goTo(from));
  }

  /** What an instruction writes that is about to be executed. */
  private async written(past: PastScene, target: WatchTarget) {
    const { timeline, replica, instance } = past;
    const { position } = replica;
    const content = () => contentOf(placeOf(target, instance), replica.machine.fiber);
    const before = content();
    replica.tick();
    const after = content();
    await this.arrive(past, timeline.goTo(position));
    return { before, after };
  }
}

/** Where a frame was called last, the `depth`-th of its call; of the outermost, its beginning. */
function* callBefore(
  timeline: Timeline,
  from: Position,
  call: number,
  depth: number,
): Task<Position | null> {
  const found = yield* entered(timeline, from, call, depth);
  if (found === null) return null;
  yield* timeline.goTo(found);
  const { replica } = timeline;
  // Before the outermost frame nothing stands, or what came to its end before.
  const nothing = ({ fiber } = replica.machine) => fiber === null || isOver(fiber);
  while (nothing() && replica.tick() !== "end");
  return timeline.position;
}
