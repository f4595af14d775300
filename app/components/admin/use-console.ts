/** The admin console, once its chunk is there: it loads after the first paint and lives as long as the page. */
import { useEffect, useState } from 'react';
import type { AdminConsole } from '../../lib/admin/console.ts';

export type ConsoleState =
  | { readonly state: 'starting' }
  | { readonly state: 'running'; readonly admin: AdminConsole }
  | { readonly state: 'failed'; readonly message: string };

let starting: Promise<AdminConsole> | undefined;

export function useConsole(): ConsoleState {
  const [state, setState] = useState<ConsoleState>({ state: 'starting' });
  useEffect(() => {
    let mounted = true;
    starting ??= import('../../lib/admin/console.ts').then((module) => module.startConsole());
    starting.then(
      (admin) => {
        if (mounted) setState({ state: 'running', admin });
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
