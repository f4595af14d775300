/** Begins or changes a canary: its share, how much is compared, and when the gateway ends it by itself. */
import { useState } from 'react';
import { type AdminModel, type CanaryLimits, type CanarySettings, DEFAULT_CANARY_LIMITS } from '../../../core/admin.ts';
import type { Change } from '../../lib/admin/changes.ts';
import type { AdminConsole } from '../../lib/admin/console.ts';
import { CanaryLimitFields } from './canary-limits.tsx';
import { ChangeDialog } from './change-dialog.tsx';
import styles from './form.module.css';
import { ShareField } from './share-field.tsx';

interface CanaryDialogProps {
  readonly admin: AdminConsole;
  readonly model: AdminModel;
  readonly version: number;
  readonly onClose: () => void;
}

/** Shares that a new canary begins with. */
const FIRST = { share: 0.1, shadow: 0.1 };

export function CanaryDialog({ admin, model, version, onClose }: CanaryDialogProps) {
  const current = model.canary?.version === version ? model.canary : undefined;
  const [share, setShare] = useState(current?.share ?? FIRST.share);
  const [shadow, setShadow] = useState(current?.shadow ?? FIRST.shadow);
  const [limits, setLimits] = useState<CanaryLimits>(current?.limits ?? DEFAULT_CANARY_LIMITS);
  const settings: CanarySettings = { version, share, shadow, limits };
  const change: Change = { kind: 'canary', model: model.name, settings };
  return (
    <ChangeDialog admin={admin} model={model} change={change} testId="canary-dialog" onClose={onClose}>
      <ShareField
        label="Share of the traffic"
        value={share}
        onValue={setShare}
        testId="canary-share"
        note="Of the requests that name neither a version nor a label. Callers with a key stay on one side."
      />
      <ShareField
        label="Compared with stable"
        value={shadow}
        onValue={setShadow}
        testId="canary-shadow"
        note="Of the canary’s requests; both versions work on these, so it costs time on this gateway."
      />
      <details className={styles.more}>
        <summary>When it ends by itself</summary>
        <CanaryLimitFields limits={limits} onLimits={setLimits} />
      </details>
    </ChangeDialog>
  );
}
