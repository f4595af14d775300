/** Changes of single versions and of their labels in words. Pure. */
import type { AdminModel } from '../../../core/admin.ts';
import type { LabelChange, VersionChange } from './changes.ts';
import { type ChangeWords, says, saysFinally } from './saying.ts';

export function versionWords(change: VersionChange, before: AdminModel | undefined): ChangeWords {
  const what = `version ${change.version} of ${change.model}`;
  switch (change.kind) {
    case 'load':
      return says(`Load ${what}?`, [], 'Load', `Loading ${what}`, `Loaded ${what}`);
    case 'unload': {
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
    case 'remove':
      return saysFinally(
        `Remove ${what}?`,
        ['Its files are deleted from this gateway.', 'This can’t be undone: it would have to be added again.'],
        'Remove',
        `Removing ${what}`,
        `Removed ${what}`,
      );
    default: {
      const never: never = change.kind;
      return never;
    }
  }
}

export function labelWords(change: LabelChange, before: AdminModel | undefined): ChangeWords {
  switch (change.kind) {
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
    default: {
      const never: never = change;
      return never;
    }
  }
}
