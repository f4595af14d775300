/** Changes of where requests go that name no version, in words: stable and canary. Pure. */
import type { AdminModel } from '../../../core/admin.ts';
import { percent } from '../words.ts';
import type { CanaryChange, StableChange } from './changes.ts';
import { type ChangeWords, ENDS_BY_ITSELF, LASTS, says } from './saying.ts';

export function stableChangeWords(change: StableChange, before: AdminModel | undefined): ChangeWords {
  const stable = before?.labels.stable;
  switch (change.kind) {
    case 'promote': {
      const { version, model } = change;
      return says(
        `Make version ${version} stable?`,
        [
          stable === undefined
            ? `Requests for ${model} go to version ${version}.`
            : `Requests for ${model} that name no version change from version ${stable} to version ${version}.`,
          ...(before?.canary ? ['The canary ends.'] : []),
          ...(before?.stable === 'newest' ? ['It is pinned there: newer versions wait until you promote them.'] : []),
          `Open pages change too. ${LASTS}`,
        ],
        'Promote',
        `Promoting version ${version} of ${model}`,
        `Version ${version} of ${model} is stable`,
      );
    }
    case 'rollback': {
      const to = before?.rollbackTo;
      return says(
        to === undefined ? `Roll ${change.model} back?` : `Roll back to version ${to}?`,
        [
          stable === undefined || to === undefined
            ? 'Requests go to the version that was stable before.'
            : `Requests that name no version change from version ${stable} back to version ${to}.`,
          ...(before?.canary ? ['The canary ends.'] : []),
          'It is pinned there: newer versions wait until you promote them.',
          `Open pages change too. ${LASTS}`,
        ],
        'Roll back',
        `Rolling ${change.model} back`,
        to === undefined ? `${change.model} was rolled back` : `${change.model} is back on version ${to}`,
      );
    }
    case 'follow-newest': {
      const newest = before?.versions[0]?.version;
      return says(
        'Let stable follow the newest?',
        [
          newest === undefined || newest === stable
            ? 'Each newer version becomes stable as soon as it has passed its checks.'
            : `Version ${newest} becomes stable now, and each newer one as soon as it has passed its checks.`,
          ...(before?.canary ? ['The canary ends.'] : []),
          LASTS,
        ],
        'Follow the newest',
        `Letting ${change.model} follow the newest`,
        `${change.model} follows its newest version`,
      );
    }
    case 'hold':
      return says(
        'Pin stable where it is?',
        [],
        'Pin',
        `Pinning ${change.model}`,
        stable === undefined ? `${change.model} is pinned` : `${change.model} is pinned to version ${stable}`,
      );
    default: {
      const never: never = change;
      return never;
    }
  }
}

export function canaryWords(change: CanaryChange, before: AdminModel | undefined): ChangeWords {
  const stable = before?.labels.stable;
  switch (change.kind) {
    case 'canary': {
      const { version, share, shadow } = change.settings;
      return says(
        before?.canary ? 'Change the canary?' : `Start version ${version} as canary?`,
        [
          `${percent(share)} of the requests that name no version go to version ${version}${stable === undefined ? '' : `, the others to version ${stable}`}.`,
          ...(shadow > 0
            ? [`${percent(shadow)} of them are answered by both, to compare; callers get one answer.`]
            : []),
          ...(before?.stable === 'newest' ? ['Stable is pinned where it is meanwhile.'] : []),
          ENDS_BY_ITSELF,
        ],
        before?.canary ? 'Change canary' : 'Start canary',
        `Setting the canary of ${change.model}`,
        `Version ${version} of ${change.model} gets ${percent(share)} of the requests`,
      );
    }
    case 'end-canary':
      return says(
        'Stop the canary?',
        [`All requests that name no version go to version ${stable ?? 'that is stable'}.`, LASTS],
        'Stop canary',
        `Stopping the canary of ${change.model}`,
        `The canary of ${change.model} has ended`,
      );
    default: {
      const never: never = change;
      return never;
    }
  }
}
