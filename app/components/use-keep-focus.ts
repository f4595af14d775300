/** Keeps keyboard users where they are: what had the focus may vanish when its action is done. */
import { type RefObject, useEffect, useRef } from 'react';

/** Focuses `target` after `change` took the focused element away. */
export function useKeepFocus(target: RefObject<HTMLElement | null>, change: unknown): void {
  const before = useRef(change);
  useEffect(() => {
    if (Object.is(before.current, change)) return;
    before.current = change;
    if (document.activeElement === document.body) target.current?.focus({ preventScroll: true });
  }, [target, change]);
}
