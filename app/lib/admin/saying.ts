/** What is said of a change, and the little that several kinds of changes say. */

export interface ChangeWords {
  /** The question of the dialog. */
  readonly title: string;
  /** What will happen, one fact each. */
  readonly effects: readonly string[];
  /** The button that does it. */
  readonly act: string;
  /** While it runs. */
  readonly doing: string;
  /** When it is done. */
  readonly done: string;
  /** It takes something away that can't be brought back from here. */
  readonly final: boolean;
}

export const LASTS = 'Requests under way end on the version that took them; none is lost.';
export const ENDS_BY_ITSELF = 'Beyond its limits the gateway ends the canary by itself.';

export function says(title: string, effects: readonly string[], act: string, doing: string, done: string): ChangeWords {
  return { title, effects, act, doing, done, final: false };
}

/** The same of a change that takes something away for good. */
export const saysFinally: typeof says = (...words) => ({ ...says(...words), final: true });
