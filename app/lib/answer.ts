/** What the page shows for one picture: the classification, who gave it, and how long the page waited. */
import type { Classification } from '../../core/engine.ts';

export type EngineName = 'device' | 'gateway';

export interface Answer {
  readonly result: Classification;
  readonly engine: EngineName;
  /** `store`: kept from an earlier time in this browser; nothing ran now. */
  readonly source: 'run' | 'store';
  /** Milliseconds from asking to having, on the page. */
  readonly waitedMs: number;
  /** In plain words, of its own asking: why the engine asked first was the one to ask; of a kept answer, that it was kept. */
  readonly reason: string;
  /** The engine that was asked first and failed, with the reason. */
  readonly fellOver?: { readonly from: EngineName; readonly reason: string };
}
