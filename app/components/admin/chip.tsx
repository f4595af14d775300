/** Small marks: a label on a version, and the state something is in. */
import type { Tone } from '../../lib/admin/words.ts';
import styles from './chip.module.css';

/** `stable` and `canary` look as what they are. */
export function LabelChip({ label }: { readonly label: string }) {
  const tone = label === 'stable' ? 'accent' : label === 'canary' ? 'warn' : 'soft';
  return (
    <span className={styles.chip} data-tone={tone} data-testid="label" data-label={label}>
      {label}
    </span>
  );
}

export function Chip({ text }: { readonly text: string }) {
  return <span className={styles.chip}>{text}</span>;
}

export function StateMark({ tone, text }: { readonly tone: Tone; readonly text: string }) {
  return (
    <span className={styles.state} data-tone={tone}>
      {text}
    </span>
  );
}
