/** The state of a version as clients, operators and metrics see it. */
import type { VERSION_STATES } from '../../core/protocol.ts';
import type { VersionStatus } from './lifecycle.ts';

/** One that waits for its turn to be loaded is loading for everybody else. */
export function shownState({
  state,
  wanted,
}: Pick<VersionStatus, 'state' | 'wanted'>): (typeof VERSION_STATES)[number] {
  return state === 'idle' && wanted ? 'loading' : state;
}
