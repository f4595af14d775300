/** The time of day for words such as "12 sec ago", each second while the page is looked at. */
import { useSyncExternalStore } from 'react';

let now = Date.now();

function subscribe(listener: () => void): () => void {
  const timer = setInterval(() => {
    if (document.visibilityState === 'hidden') return;
    now = Date.now();
    listener();
  }, 1000);
  return () => clearInterval(timer);
}

/** Milliseconds since 1970. */
export function useNow(): number {
  return useSyncExternalStore(
    subscribe,
    () => now,
    () => 0,
  );
}
