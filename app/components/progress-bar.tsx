/** How far something is; without a value, that it is under way. */
import styles from './progress-bar.module.css';

interface ProgressBarProps {
  readonly labelledBy?: string;
  readonly label?: string;
  readonly value?: number;
  readonly max?: number;
  readonly testId?: string;
}

export function ProgressBar({ labelledBy, label, value, max, testId }: ProgressBarProps) {
  return (
    <progress
      className={styles.progress}
      aria-labelledby={labelledBy}
      aria-label={label}
      data-testid={testId}
      {...(value !== undefined && max !== undefined && max > 0 ? { value: Math.min(value, max), max } : {})}
    />
  );
}
