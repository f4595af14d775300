/** One model: what it serves and by which rule, its canary, and its versions. */
import type { AdminModel } from '../../../core/admin.ts';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { policyWords, stableWords } from '../../lib/admin/words.ts';
import { UndoIcon } from '../icons.tsx';
import { SmallButton } from '../small-button.tsx';
import { CanaryPanel } from './canary-panel.tsx';
import { Chip } from './chip.tsx';
import type { OpenDialog } from './dialogs.tsx';
import styles from './model-card.module.css';
import { VersionRow } from './version-row.tsx';

export interface ModelCardProps {
  readonly admin: AdminConsole;
  readonly model: AdminModel;
  readonly onDialog: (dialog: OpenDialog) => void;
}

export function ModelCard({ admin, model, onDialog }: ModelCardProps) {
  const { name, title, rollbackTo } = model;
  const titleId = `model-${name}`;
  return (
    <article
      className={styles.card}
      aria-labelledby={titleId}
      data-testid="model"
      data-name={name}
      data-stable={model.labels.stable}
    >
      <header className={styles.head}>
        <div>
          <h3 className={styles.title} id={titleId}>
            {title}
            {model.default && <Chip text="Default" />}
          </h3>
          <p className={styles.name}>{name}</p>
        </div>
        {rollbackTo !== undefined && (
          <SmallButton
            className={styles.rollback}
            testId="rollback"
            onClick={() => admin.desk.request({ kind: 'rollback', model: name })}
          >
            <UndoIcon />
            Roll back to version {rollbackTo}
            <span className="unseen">: {title}</span>
          </SmallButton>
        )}
        <div className={styles.modes}>
          <p className={styles.mode}>
            <span data-testid="stable-mode" data-mode={model.stable}>
              {stableWords(model)}
            </span>
            {model.labels.stable !== undefined &&
              (model.stable === 'newest' ? (
                <button
                  type="button"
                  className={styles.link}
                  onClick={() => admin.desk.request({ kind: 'hold', model: name })}
                >
                  Pin it<span className="unseen">: {title}</span>
                </button>
              ) : (
                <button
                  type="button"
                  className={styles.link}
                  data-testid="follow-newest"
                  onClick={() => admin.desk.request({ kind: 'follow-newest', model: name })}
                >
                  Follow the newest<span className="unseen">: {title}</span>
                </button>
              ))}
          </p>
          <p className={styles.mode}>
            <span>Serves {policyWords(model.policy)}</span>
            <button type="button" className={styles.link} onClick={() => onDialog({ kind: 'policy', model: name })}>
              Change<span className="unseen"> which versions of {title} are served</span>
            </button>
          </p>
        </div>
      </header>
      {model.canary && <CanaryPanel admin={admin} model={model} canary={model.canary} onDialog={onDialog} />}
      {model.versions.length === 0 ? (
        <p className={styles.none}>It has no version yet.</p>
      ) : (
        <ul className={styles.versions}>
          {model.versions.map((version) => (
            <li key={version.version}>
              <VersionRow admin={admin} model={model} version={version} onDialog={onDialog} />
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}
