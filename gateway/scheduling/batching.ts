/**
 * How many of the waiting requests to run together, and whether to wait for more: from what batches cost, how fast
 * requests come and where there is room. Pure; knows no request, only numbers of them and their deadlines.
 *
 * Guarantees: a batch has at least one request and no more than wait or are allowed; a wait ends before the operator's
 * limit and before the tightest deadline needs the run; where a batch costs what its images cost one by one, nothing
 * ever waits for company; nor does what comes alone.
 */
import type { CostCurve } from './cost-curve.ts';

/** Where the next batch would run. */
export interface Room {
  /** Instances that can run. */
  readonly instances: number;
  /** Of them, those with nothing to do. */
  readonly idle: number;
  /** With none idle: the batch that runs before it. */
  readonly ahead?: { readonly since: number; readonly size: number } | undefined;
}

export interface Situation {
  readonly now: number;
  readonly waiting: number;
  /** When the one came that has waited for longest. */
  readonly oldest: number;
  readonly tightestDeadline: number;
  /** Milliseconds between two arrivals, and since the last one. */
  readonly gapMs: number;
  readonly silenceMs: number;
  /** Arrivals by which that is known. */
  readonly seen: number;
  readonly room: Room;
}

/** Share of a single run that company must save to be worth a wait while all instances run. */
const PAYS_FROM = 0.25;
/** Below it a share of what single runs cost is no chance: under load single runs seem dear on a CPU too. */
const CLEARLY_LESS = 0.5;
/** Share of a single run that preparing a picture may take for batches to be split. */
const SPLIT_UP_TO = 0.1;
/** A batch reaches a busy instance so long before it is free that its pictures are decoded: the expected time, and more. */
const LEAD_TIMES = 1.25;
const LEAD_MS = 1;
/** A run that must end by a deadline is taken to last so many times the expected: runs differ. */
const LONGER_TIMES = 1.05;
/** Answers that a smaller batch must save: what is expected of those that are yet to come is no whole number. */
const CLEARLY_MORE = 0.5;
/** After so many usual gaps of silence nobody is waited for: the burst is over. */
const SILENT_GAPS = 2;
/** Shorter waits are none: a timer can't keep them. */
const LEAST_WAIT_MS = 0.1;
/** A load beyond it counts as this: what follows from more is the same, and the formula has a pole at 1. */
const MOST_LOAD = 0.99;
/** Above it only doublings are considered. */
const EACH_UP_TO = 32;

export class Batching {
  readonly #costs: CostCurve;
  readonly #maxBatch: number;
  readonly #maxWaitMs: number;
  /** Sizes that are compared, ascending. */
  readonly #sizes: readonly number[];

  /** @param maxWaitMs milliseconds that a request may wait for company while an instance is idle */
  constructor(costs: CostCurve, maxBatch: number, maxWaitMs: number) {
    this.#costs = costs;
    this.#maxBatch = maxBatch;
    this.#maxWaitMs = maxWaitMs;
    const sizes = Array.from({ length: Math.min(maxBatch, EACH_UP_TO) }, (_, at) => at + 1);
    for (let size = EACH_UP_TO * 2; size <= maxBatch; size *= 2) sizes.push(size);
    this.#sizes = sizes;
  }

  /** Milliseconds to wait before asking again; 0: run now. */
  waitMs(situation: Situation): number {
    const { waiting, room } = situation;
    // Who comes next would find another one idle.
    if (waiting >= this.#maxBatch || room.idle > 1) return 0;
    const ms = room.ahead ? this.#untilNeeded(situation, room.ahead) : this.#forCompany(situation);
    return ms < LEAST_WAIT_MS ? 0 : ms;
  }

  /** How many to run now, were there no deadlines. */
  size(situation: Pick<Situation, 'waiting' | 'gapMs' | 'room'>): number {
    const { waiting, room } = situation;
    let size = Math.min(this.#maxBatch, Math.ceil(waiting / Math.max(room.idle, 1)));
    // An instance decodes the pictures of its next batch side by side: fewer of them would leave cores idle.
    if (this.#costs.preparationMs > SPLIT_UP_TO * this.#costs.runMs(1)) return size;
    for (;;) {
      const smaller = this.#split(size, situation);
      if (smaller === size) return size;
      size = smaller;
    }
  }

  /** Whether full batches cost clearly less than their images one by one. */
  get pays(): boolean {
    return this.#costs.runMs(this.#maxBatch) < CLEARLY_LESS * this.#maxBatch * this.#costs.runMs(1);
  }

  /** Milliseconds until a batch of `size` is done if it is sent now. */
  doneInMs(size: number, { now, room }: Pick<Situation, 'now' | 'room'>): number {
    const { ahead } = room;
    const busyMs = ahead ? Math.max(ahead.since + this.#costs.runMs(ahead.size) - now, 0) : 0;
    return Math.max(busyMs, size * this.#costs.preparationMs) + this.#costs.runMs(size) * LONGER_TIMES;
  }

  /**
   * For when `target` at once would be too late for some: the size with which most are answered in time. Smaller
   * batches save the pressed ones, but cost the others time; where more come than can be answered, large ones answer
   * most.
   *
   * @param deadlines of those that are to be answered, ascending
   */
  sizeUnderPressure(
    target: number,
    deadlines: readonly number[],
    situation: Pick<Situation, 'now' | 'gapMs' | 'seen' | 'room'>,
  ): number {
    let best = target;
    let bestAnswered = this.#answered(target, deadlines, situation) + CLEARLY_MORE;
    for (const size of this.#sizes) {
      if (size >= target) break;
      const answered = this.#answered(size, deadlines, situation);
      if (answered < bestAnswered) continue;
      bestAnswered = answered;
      best = size;
    }
    return best;
  }

  /**
   * What to run first of `whole`: those in the first part are answered earlier, but a second run takes longer than one
   * for all, and that delays everybody else who waits, and who comes until the instance has caught up.
   */
  #split(whole: number, { waiting, gapMs, room }: Pick<Situation, 'waiting' | 'gapMs' | 'room'>): number {
    const wholeMs = this.#costs.runMs(whole);
    const coming = this.#comeInMs(gapMs, room.instances) * wholeMs;
    let best = whole;
    let bestGain = 0;
    for (const size of this.#sizes) {
      if (size >= whole) break;
      const ms = this.#costs.runMs(size);
      const longerMs = ms + this.#costs.runMs(whole - size) - wholeMs;
      const gain = size * (wholeMs - ms) - longerMs * (waiting - size + coming);
      if (gain <= bestGain) continue;
      bestGain = gain;
      best = size;
    }
    return best;
  }

  /**
   * How many are answered in time if `size` run first and then as many at once as may: of those that wait, and of those
   * that come until the last deadline, who fill up batches and take the time that is left. Of those no more are expected
   * than were seen: what deadlines far away leave time for is no forecast.
   */
  #answered(
    size: number,
    deadlines: readonly number[],
    situation: Pick<Situation, 'now' | 'gapMs' | 'seen' | 'room'>,
  ): number {
    const { now, gapMs, seen, room } = situation;
    const { instances } = room;
    const end = deadlines.at(-1) ?? now;
    const first = now + this.doneInMs(size, situation);
    let place = deadlines.findIndex((deadline) => deadline >= first);
    if (place < 0) return 0;
    let answered = Math.min(size, deadlines.length - place);
    place += answered;
    const comeBy = (time: number) => Math.min((time - now) / gapMs, seen);
    let newcomers = 0;
    // When the next instance is free.
    let at = now + (first - now) / instances;
    while (place < deadlines.length) {
      const own = Math.min(this.#maxBatch, deadlines.length - place);
      const fill = Math.max(Math.min(this.#maxBatch - own, comeBy(at) - newcomers), 0);
      const ms = this.#costs.runMs(own + fill);
      if ((deadlines[place] ?? 0) < at + ms) {
        place += 1;
        continue;
      }
      answered += own;
      newcomers += fill;
      place += own;
      at += ms / instances;
    }
    const more = Math.min(comeBy(end) - newcomers, Math.max(end - at, 0) * this.#bestRate * instances);
    return answered + newcomers + more;
  }

  /** All instances run: milliseconds until one needs the batch, which has to be decoded by then. */
  #untilNeeded({ now, waiting }: Situation, ahead: { readonly since: number; readonly size: number }): number {
    if (this.#saves(waiting) <= PAYS_FROM * this.#costs.runMs(1)) return 0;
    const leadMs = waiting * this.#costs.preparationMs * LEAD_TIMES + LEAD_MS;
    return ahead.since + this.#costs.runMs(ahead.size) - now - leadMs;
  }

  /** One is idle: milliseconds for which the next request is worth waiting for. */
  #forCompany(situation: Situation): number {
    const { now, waiting, oldest, tightestDeadline, gapMs, silenceMs } = situation;
    const run = this.#costs.runMs(waiting);
    const together = this.#costs.runMs(waiting + 1);
    const savedMs = this.#saves(waiting) - gapMs;
    if (!(savedMs > 0)) return 0;
    const price = waiting * (gapMs + together - run);
    if (savedMs <= price) return 0;
    const done = this.doneInMs(waiting + 1, situation);
    return Math.min(SILENT_GAPS * gapMs - silenceMs, oldest + this.#maxWaitMs - now, tightestDeadline - done - now);
  }

  /** Milliseconds of running that one more in a batch of `size` saves beside a run of its own. */
  #saves(size: number): number {
    return this.#costs.runMs(size) + this.#costs.runMs(1) - this.#costs.runMs(size + 1);
  }

  /** Requests that a millisecond of one instance delays: those that come in it, and until it has caught up. */
  #comeInMs(gapMs: number, instances: number): number {
    const rate = 1 / (gapMs * instances);
    return rate / (1 - Math.min(rate / this.#bestRate, MOST_LOAD));
  }

  /** Images a millisecond that one instance runs at best. */
  get #bestRate(): number {
    let best = 0;
    for (const size of this.#sizes) best = Math.max(best, size / this.#costs.runMs(size));
    return best;
  }
}
