/** What can be done with one version: the usual at hand, the rest behind "More". */
import { useId, useState } from 'react';
import type { AdminModel, AdminVersion } from '../../../core/admin.ts';
import type { Change } from '../../lib/admin/changes.ts';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { SmallButton } from '../small-button.tsx';
import { useStore } from '../use-store.ts';
import type { OpenDialog } from './dialogs.tsx';
import styles from './version-actions.module.css';

interface VersionActionsProps {
  readonly admin: AdminConsole;
  readonly model: AdminModel;
  readonly version: AdminVersion;
  readonly onDialog: (dialog: OpenDialog) => void;
}

export function VersionActions({ admin, model, version: entry, onDialog }: VersionActionsProps) {
  useStore(admin.desk.view);
  const [more, setMore] = useState(false);
  const extraId = useId();
  const { version, state, labels } = entry;
  const name = model.name;
  const of = `version ${version} of ${model.title}`;
  const busy = admin.desk.isRunning(
    (change) => 'version' in change && change.model === name && change.version === version,
  );
  const stable = labels.includes('stable');
  const ask = (change: Change) => () => admin.desk.request(change);
  const extras = [
    state === 'available' && !stable && !labels.includes('canary') && (
      <SmallButton
        key="canary"
        testId="start-canary"
        onClick={() => onDialog({ kind: 'canary', model: name, version })}
      >
        Start as canary
      </SmallButton>
    ),
    (state === 'available' || state === 'idle') && (
      <SmallButton key="labels" testId="labels" onClick={() => onDialog({ kind: 'label', model: name, version })}>
        Labels
      </SmallButton>
    ),
    state === 'available' && labels.length === 0 && (
      <SmallButton key="unload" testId="unload" disabled={busy} onClick={ask({ kind: 'unload', model: name, version })}>
        Unload
      </SmallButton>
    ),
    entry.removable && labels.length === 0 && (
      <SmallButton
        key="remove"
        className={styles.danger}
        testId="remove"
        disabled={busy}
        onClick={ask({ kind: 'remove', model: name, version })}
      >
        Remove
      </SmallButton>
    ),
  ].filter(Boolean);
  return (
    <div className={styles.actions}>
      {(state === 'idle' || state === 'failed') && (
        <SmallButton testId="load" disabled={busy} onClick={ask({ kind: 'load', model: name, version })}>
          {state === 'failed' ? 'Try now' : 'Load'}
          <Of>{of}</Of>
        </SmallButton>
      )}
      {state === 'available' && (
        <SmallButton testId="try" onClick={() => admin.trial.open(name, version)}>
          Try on a photo
          <Of>{of}</Of>
        </SmallButton>
      )}
      {state === 'available' && !stable && (
        <SmallButton
          primary={version > (model.labels.stable ?? 0)}
          testId="promote"
          disabled={busy}
          onClick={ask({ kind: 'promote', model: name, version })}
        >
          Promote
          <Of>{of}</Of>
        </SmallButton>
      )}
      {extras.length > 0 && (
        <SmallButton testId="more" aria-expanded={more} aria-controls={extraId} onClick={() => setMore(!more)}>
          {more ? 'Less' : 'More'}
          <Of>{of}</Of>
        </SmallButton>
      )}
      <div className={styles.extra} id={extraId} hidden={!more || extras.length === 0}>
        {extras}
      </div>
    </div>
  );
}

/** Which one a button is about, for those who hear it alone. */
function Of({ children }: { readonly children: string }) {
  return <span className="unseen">: {children}</span>;
}
