/** Time, injected wherever logic depends on it. */
export interface Clock {
  /** Milliseconds from an arbitrary start, never going back. */
  now(): number;
  /** Runs `task` once after `ms`; returns the way to call it off. */
  after(ms: number, task: () => void): () => void;
}

export const browserClock: Clock = {
  now: () => performance.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};
