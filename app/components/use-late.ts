/** What a page runs on, once its chunk is there: it loads after the first paint and lives as long as the page. */
import { useEffect, useState } from 'react';

export type LateState<T> =
  | { readonly state: 'starting' }
  | { readonly state: 'running'; readonly value: T }
  | { readonly state: 'failed'; readonly message: string };

/** `start` once a page, and again when it failed and is asked for anew. */
export function late<T>(start: () => Promise<T>): () => Promise<T> {
  let starting: Promise<T> | undefined;
  return () => {
    starting ??= start().catch((failure: unknown) => {
      starting = undefined;
      throw failure;
    });
    return starting;
  };
}

/** @param get the same function at every render, such as one that `late` made */
export function useLate<T>(get: () => Promise<T>): LateState<T> {
  const [state, setState] = useState<LateState<T>>({ state: 'starting' });
  useEffect(() => {
    let mounted = true;
    get().then(
      (value) => {
        if (mounted) setState({ state: 'running', value });
      },
      (failure: unknown) => {
        if (mounted)
          setState({ state: 'failed', message: failure instanceof Error ? failure.message : String(failure) });
      },
    );
    return () => {
      mounted = false;
    };
  }, [get]);
  return state;
}
