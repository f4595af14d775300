/** Changes in words: the question before, what will happen, and what has happened. Pure. */
import type { AdminModel } from '../../../core/admin.ts';
import { percent } from '../words.ts';
import type { Change } from './changes.ts';
import { policyWords } from './words.ts';

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

const LASTS = 'Requests under way end on the version that took them; none is lost.';

/** @param before the model as it is now, if the gateway has it */
export function changeWords(change: Change, before: AdminModel | undefined): ChangeWords {
  const stable = before?.labels.stable;
  const says = (title: string, effects: readonly string[], act: string, doing: string, done: string): ChangeWords => ({
    title,
    effects,
    act,
    doing,
    done,
    final: false,
  });
  switch (change.kind) {
    case 'load': {
      const what = `version ${change.version} of ${change.model}`;
      return says(`Load ${what}?`, [], 'Load', `Loading ${what}`, `Loaded ${what}`);
    }
    case 'unload': {
      const what = `version ${change.version} of ${change.model}`;
      const last = before?.versions.every(({ version, state }) => version === change.version || state !== 'available');
      return says(
        `Unload ${what}?`,
        [
          last
            ? `It is the only one that serves: until another is loaded, ${change.model} answers nothing.`
            : 'Requests that name it are refused until it is loaded again.',
          'Its processes end and their memory is freed. Its files stay.',
        ],
        'Unload',
        `Unloading ${what}`,
        `Unloaded ${what}`,
      );
    }
    case 'remove': {
      const what = `version ${change.version} of ${change.model}`;
      return {
        ...says(
          `Remove ${what}?`,
          ['Its files are deleted from this gateway.', 'This can’t be undone: it would have to be added again.'],
          'Remove',
          `Removing ${what}`,
          `Removed ${what}`,
        ),
        final: true,
      };
    }
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
    case 'set-label': {
      const { label, version, model } = change;
      const from = before?.labels[label];
      return says(
        from === undefined ? `Label version ${version} “${label}”?` : `Move “${label}” to version ${version}?`,
        [
          `Requests for ${model}:${label} ${from === undefined ? 'go' : `change from version ${from}`} to version ${version}.`,
          'The version is loaded first if it is not, and stays loaded while it has the label.',
        ],
        from === undefined ? 'Add label' : 'Move label',
        `Putting “${label}” on version ${version}`,
        `${model}:${label} is version ${version}`,
      );
    }
    case 'remove-label':
      return says(
        `Take the label “${change.label}” away?`,
        [
          `Requests for ${change.model}:${change.label} are refused.`,
          'A version that only the label kept is unloaded.',
        ],
        'Remove label',
        `Removing “${change.label}”`,
        `${change.model}:${change.label} is gone`,
      );
    case 'policy':
      return says(
        'Change which versions are served?',
        [
          `Served will be: ${policyWords(change.policy)}.`,
          'Versions with a label are served besides. Others are unloaded once nothing uses them.',
        ],
        'Change',
        `Changing what ${change.model} serves`,
        `${change.model} serves ${policyWords(change.policy)}`,
      );
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
          'Beyond its limits the gateway ends the canary by itself.',
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
    case 'follow':
      return says(
        `Serve ${change.model}?`,
        [],
        'Serve',
        `Fetching ${change.model}`,
        `${change.model} is served and kept current`,
      );
    case 'unfollow':
      return says(
        `Stop serving ${change.model}?`,
        [],
        'Stop',
        `Unfollowing ${change.model}`,
        `${change.model} is no longer followed`,
      );
    case 'check':
      return says(`Check ${change.source}?`, [], 'Check', `Checking ${change.source}`, `Checked ${change.source}`);
    case 'publish': {
      const { model, version, request } = change;
      const what = `version ${version} of ${model}`;
      if (request.as === 'hold') {
        return says(
          `Publish ${what}?`,
          [],
          'Publish',
          `Publishing ${what}`,
          `Published ${what}; stable stays where it is`,
        );
      }
      const moves = stable === undefined ? `Requests for ${model} go to it.` : undefined;
      return request.as === 'canary'
        ? says(
            `Publish ${what} as canary?`,
            [
              moves ??
                `${percent(request.share ?? 0)} of the requests that name no version go to version ${version}, the others to version ${stable}.`,
              'Beyond its limits the gateway ends the canary by itself.',
            ],
            'Publish as canary',
            `Publishing ${what}`,
            `Published ${what} as canary`,
          )
        : says(
            `Publish ${what}?`,
            [
              moves ??
                (before?.stable === 'pinned'
                  ? `It is served by its number. Stable is pinned to version ${stable} and stays there.`
                  : `Requests that name no version change from version ${stable} to version ${version}.`),
              `Open pages change too. ${LASTS}`,
            ],
            'Publish',
            `Publishing ${what}`,
            `Published ${what}`,
          );
    }
    case 'discard':
      return {
        ...says(
          `Discard ${change.from}?`,
          ['Its files and its report are deleted. Nothing that serves changes.'],
          'Discard',
          `Discarding ${change.from}`,
          `Discarded ${change.from}`,
        ),
        final: true,
      };
    default: {
      const never: never = change;
      return never;
    }
  }
}
