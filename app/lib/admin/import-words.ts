/** What becomes of an import, in words. Pure. */
import type { AdminModel } from '../../../core/admin.ts';
import { percent } from '../words.ts';
import type { ImportChange } from './changes.ts';
import { type ChangeWords, ENDS_BY_ITSELF, LASTS, says, saysFinally } from './saying.ts';

export function importChangeWords(change: ImportChange, before: AdminModel | undefined): ChangeWords {
  switch (change.kind) {
    case 'publish':
      return publishWords(change, before);
    case 'discard':
      return saysFinally(
        `Discard ${change.from}?`,
        ['Its files and its report are deleted. Nothing that serves changes.'],
        'Discard',
        `Discarding ${change.from}`,
        `Discarded ${change.from}`,
      );
    default: {
      const never: never = change;
      return never;
    }
  }
}

function publishWords(change: Extract<ImportChange, { kind: 'publish' }>, before: AdminModel | undefined): ChangeWords {
  const { model, version, request } = change;
  const stable = before?.labels.stable;
  const what = `version ${version} of ${model}`;
  const first = stable === undefined ? `Requests for ${model} go to it.` : undefined;
  const doing = `Publishing ${what}`;
  switch (request.as) {
    case 'hold':
      return says(`Publish ${what}?`, [], 'Publish', doing, `Published ${what}; stable stays where it is`);
    case 'canary':
      return says(
        `Publish ${what} as canary?`,
        [
          first ??
            `${percent(request.share ?? 0)} of the requests that name no version go to version ${version}, the others to version ${stable}.`,
          ENDS_BY_ITSELF,
        ],
        'Publish as canary',
        doing,
        `Published ${what} as canary`,
      );
    case 'serve':
      return says(
        `Publish ${what}?`,
        [
          first ??
            (before?.stable === 'pinned'
              ? `It is served by its number. Stable is pinned to version ${stable} and stays there.`
              : `Requests that name no version change from version ${stable} to version ${version}.`),
          `Open pages change too. ${LASTS}`,
        ],
        'Publish',
        doing,
        `Published ${what}`,
      );
    default: {
      const never: never = request.as;
      return never;
    }
  }
}
