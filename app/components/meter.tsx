/** A share as a bar, for the eye alone: its words stand beside it. */
import styles from './meter.module.css';

/** @param share 0..1; what is beyond is drawn as 1 */
export function Meter({ share }: { readonly share: number }) {
  return (
    <span className={styles.track} aria-hidden="true">
      <span className={styles.fill} style={{ transform: `scaleX(${Math.min(1, share)})` }} />
    </span>
  );
}
