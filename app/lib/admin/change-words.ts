/** Changes in words: the question before, what will happen, and what has happened. Pure. */
import type { AdminModel } from '../../../core/admin.ts';
import type { Change } from './changes.ts';
import { importChangeWords } from './import-words.ts';
import { type ChangeWords, says } from './saying.ts';
import { canaryWords, stableChangeWords } from './traffic-words.ts';
import { labelWords, versionWords } from './version-words.ts';
import { policyWords } from './words.ts';

/** @param before the model as it is now, if the gateway has it */
export function changeWords(change: Change, before: AdminModel | undefined): ChangeWords {
  switch (change.kind) {
    case 'load':
    case 'unload':
    case 'remove':
      return versionWords(change, before);
    case 'set-label':
    case 'remove-label':
      return labelWords(change, before);
    case 'promote':
    case 'rollback':
    case 'follow-newest':
    case 'hold':
      return stableChangeWords(change, before);
    case 'canary':
    case 'end-canary':
      return canaryWords(change, before);
    case 'publish':
    case 'discard':
      return importChangeWords(change, before);
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
    default: {
      const never: never = change;
      return never;
    }
  }
}
