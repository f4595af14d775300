/**
 * Everything an operator can change on the page, as data: what it will do in words, which call does it, and which
 * changes take it back. Pure; the desk carries them out.
 */
import type { AdminModel, CanarySettings, PublishRequest, VersionPolicy } from '../../../core/admin.ts';

export interface VersionChange {
  readonly kind: 'load' | 'unload' | 'remove';
  readonly model: string;
  readonly version: number;
}

export type LabelChange =
  | { readonly kind: 'set-label'; readonly model: string; readonly label: string; readonly version: number }
  | { readonly kind: 'remove-label'; readonly model: string; readonly label: string };

/** Which version answers requests that name none. */
export type StableChange =
  | { readonly kind: 'promote'; readonly model: string; readonly version: number }
  | { readonly kind: 'rollback' | 'follow-newest' | 'hold'; readonly model: string };

export type CanaryChange =
  | { readonly kind: 'canary'; readonly model: string; readonly settings: CanarySettings }
  | { readonly kind: 'end-canary'; readonly model: string };

export type ImportChange =
  | {
      readonly kind: 'publish';
      readonly importId: string;
      readonly model: string;
      readonly version: number;
      readonly request: PublishRequest;
    }
  | { readonly kind: 'discard'; readonly importId: string; readonly from: string };

export type Change =
  | VersionChange
  | LabelChange
  | StableChange
  | CanaryChange
  | ImportChange
  | { readonly kind: 'policy'; readonly model: string; readonly policy: VersionPolicy }
  | { readonly kind: 'follow' | 'unfollow'; readonly source: string; readonly model: string }
  | { readonly kind: 'check'; readonly source: string };

/** The model that `change` is about, if it is about one that the gateway may know. */
export const modelOf = (change: Change): string | undefined => ('model' in change ? change.model : undefined);

/** Whether it moves traffic or can't be taken back, so that it is asked for twice. */
export function needsConfirmation(change: Change): boolean {
  switch (change.kind) {
    case 'promote':
    case 'rollback':
    case 'follow-newest':
    case 'unload':
    case 'remove':
    case 'canary':
    case 'end-canary':
    case 'discard':
    case 'policy':
    case 'set-label':
    case 'remove-label':
      return true;
    case 'publish':
      return change.request.as !== 'hold';
    case 'load':
    case 'hold':
    case 'follow':
    case 'unfollow':
    case 'check':
      return false;
    default: {
      const never: never = change;
      return never;
    }
  }
}

/** What puts things back as they were in `before`, in order; none where nothing can. */
export function undoOf(change: Change, before: AdminModel | undefined): readonly Change[] {
  switch (change.kind) {
    case 'load':
      return [{ ...change, kind: 'unload' }];
    case 'unload':
      return [{ ...change, kind: 'load' }];
    case 'promote':
    case 'rollback':
    case 'follow-newest':
      return before ? [...stableBack(before), ...canaryBack(before)] : [];
    case 'hold':
      return before?.stable === 'newest' ? [{ kind: 'follow-newest', model: change.model }] : [];
    case 'set-label':
    case 'remove-label': {
      const { model, label } = change;
      const version = before?.labels[label];
      if (version !== undefined) return [{ kind: 'set-label', model, label, version }];
      return change.kind === 'set-label' ? [{ kind: 'remove-label', model, label }] : [];
    }
    case 'policy':
      return before ? [{ ...change, policy: before.policy }] : [];
    case 'canary': {
      if (!before) return [];
      if (before.canary) return canaryBack(before);
      // Beginning one pinned `stable`.
      const end: Change = { kind: 'end-canary', model: change.model };
      return before.stable === 'newest' ? [end, { kind: 'follow-newest', model: change.model }] : [end];
    }
    case 'end-canary':
      return before ? canaryBack(before) : [];
    case 'follow':
      return [{ ...change, kind: 'unfollow' }];
    case 'unfollow':
      return [{ ...change, kind: 'follow' }];
    case 'publish': {
      const stable = before?.labels.stable;
      if (change.request.as === 'canary') return before ? [{ kind: 'end-canary', model: change.model }] : [];
      if (change.request.as === 'hold' || stable === undefined) return [];
      return [{ kind: 'promote', model: change.model, version: stable }];
    }
    case 'remove':
    case 'check':
    case 'discard':
      return [];
    default: {
      const never: never = change;
      return never;
    }
  }
}

/** Where `stable` was: following the newest leads to the same version, for it did so before. */
function stableBack(before: AdminModel): readonly Change[] {
  const { name, stable, labels } = before;
  if (stable === 'newest') return [{ kind: 'follow-newest', model: name }];
  return labels.stable === undefined ? [] : [{ kind: 'promote', model: name, version: labels.stable }];
}

function canaryBack(before: AdminModel): readonly Change[] {
  if (!before.canary) return [];
  const { version, share, shadow, limits } = before.canary;
  return [{ kind: 'canary', model: before.name, settings: { version, share, shadow, limits } }];
}
