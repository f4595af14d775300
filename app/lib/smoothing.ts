/**
 * Steadies live answers to the eye: exponential smoothing of the scores over time, an order that does
 * not flicker, and the moment at which a name is steady enough to be read aloud. Pure.
 */
import type { Prediction } from '../../core/engine.ts';

export interface Smoothed {
  /** Best first. More than are shown, so that a class can come back. */
  readonly predictions: readonly Prediction[];
  readonly notSure: boolean;
  /** When it was made, milliseconds of the caller's clock. */
  readonly at: number;
  /** Whose scores these are, `name@version`. */
  readonly model: string;
}

export interface SmoothingOptions {
  /** Milliseconds after which an old score counts half. */
  readonly halfLifeMs: number;
  /** Best score below which the answer is "not sure". */
  readonly notSureBelow: number;
  /** Which model gave the fresh scores, `name@version`; those of another one tell nothing about them. */
  readonly model: string;
}

/** A challenger must beat the leader by this much, and "not sure" must be left by this much. */
const MARGIN = 0.03;
/** Classes kept between frames at most and at least, and the score below which those between are dropped. */
const KEPT = 24;
const ALWAYS_KEPT = 5;
const DROP_BELOW = 0.0005;
/** After a gap this long (a pause, another camera) the past tells nothing. */
const FORGET_AFTER_MS = 2_000;

/**
 * The steadied scores after `fresh` (best first) arrived at `now`. A class missing from `fresh`
 * counts as 0 there, so ask engines for more classes than are shown.
 */
export function smooth(
  previous: Smoothed | undefined,
  fresh: readonly Prediction[],
  now: number,
  options: SmoothingOptions,
): Smoothed {
  const tells = previous && previous.model === options.model && now - previous.at <= FORGET_AFTER_MS;
  const past = tells ? previous : undefined;
  const weight = past ? 1 - 0.5 ** (Math.max(0, now - past.at) / options.halfLifeMs) : 1;
  const scores = new Map<number, Prediction>();
  for (const old of past?.predictions ?? []) scores.set(old.index, { ...old, score: old.score * (1 - weight) });
  for (const { label, index, score } of fresh) {
    scores.set(index, { label, index, score: (scores.get(index)?.score ?? 0) + score * weight });
  }
  const ranked = [...scores.values()]
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, KEPT)
    .filter((entry, rank) => rank < ALWAYS_KEPT || entry.score >= DROP_BELOW);
  const predictions = keepLeader(ranked, past?.predictions[0]?.index);
  const best = predictions[0]?.score ?? 0;
  const threshold = options.notSureBelow + (past?.notSure ? MARGIN : 0);
  return { predictions, notSure: best < threshold, at: now, model: options.model };
}

function keepLeader(ranked: readonly Prediction[], leader: number | undefined): readonly Prediction[] {
  const first = ranked[0];
  const old = ranked.find((entry) => entry.index === leader);
  if (!first || !old || first === old || first.score - old.score >= MARGIN) return ranked;
  return [old, ...ranked.filter((entry) => entry !== old)];
}

export interface Steadiness {
  readonly label: string;
  readonly since: number;
  /** What was last read aloud, and when. */
  readonly spoken: string;
  readonly spokenAt: number;
}

/** A name must stay on top this long, and announcements keep this distance, milliseconds. */
const STEADY_MS = 1_200;
const QUIET_MS = 3_000;

/** Follows the top name; `spoken` changes only when it has been steady, and never often. */
export function steady(previous: Steadiness | undefined, label: string, now: number): Steadiness {
  if (!previous) return { label, since: now, spoken: '', spokenAt: Number.NEGATIVE_INFINITY };
  if (previous.label !== label) return { ...previous, label, since: now };
  const ripe = now - previous.since >= STEADY_MS && now - previous.spokenAt >= QUIET_MS;
  return ripe && previous.spoken !== label ? { ...previous, spoken: label, spokenAt: now } : previous;
}
