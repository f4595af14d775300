/** The runtime, once its chunk is there: it loads after the first paint and lives as long as the page. */
import { useEffect, useState } from 'react';
import type { Runtime } from '../lib/runtime.ts';

export type RuntimeState =
  | { readonly state: 'starting' }
  | { readonly state: 'running'; readonly runtime: Runtime }
  | { readonly state: 'failed'; readonly message: string };

let starting: Promise<Runtime> | undefined;

export function useRuntime(): RuntimeState {
  const [state, setState] = useState<RuntimeState>({ state: 'starting' });
  useEffect(() => {
    let mounted = true;
    starting ??= import('../lib/runtime.ts').then((module) => module.startRuntime());
    starting.then(
      (runtime) => {
        if (mounted) setState({ state: 'running', runtime });
      },
      (failure: unknown) => {
        starting = undefined;
        if (mounted)
          setState({ state: 'failed', message: failure instanceof Error ? failure.message : String(failure) });
      },
    );
    return () => {
      mounted = false;
    };
  }, []);
  return state;
}
