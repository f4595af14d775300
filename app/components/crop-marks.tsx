/** Corner marks around the part of the picture that the model sees, by the manifest's resize rule. */
import type { InputSpec } from '../../core/manifest.ts';
import { exactSize } from '../../core/sizes.ts';
import styles from './crop-marks.module.css';

interface CropMarksProps {
  /** Pixels of the picture under it. */
  readonly width: number;
  readonly height: number;
  readonly input: InputSpec | undefined;
  /** How the picture fills its box. */
  readonly fit: 'cover' | 'contain';
}

export function CropMarks({ width, height, input, fit }: CropMarksProps) {
  if (!input) return null;
  const short = Math.min(width, height);
  const exact = exactSize(input);
  const seen =
    input.resize.rule === 'exact'
      ? {
          width: Math.min(width, (width * input.width) / exact.width),
          height: Math.min(height, (height * input.height) / exact.height),
        }
      : {
          width: Math.min(width, (short * input.width) / input.resize.size),
          height: Math.min(height, (short * input.height) / input.resize.size),
        };
  const left = (width - seen.width) / 2;
  const top = (height - seen.height) / 2;
  const right = left + seen.width;
  const bottom = top + seen.height;
  const arm = short * 0.07;
  const corner = (x: number, y: number, dx: number, dy: number) => `M${x + dx} ${y}H${x}V${y + dy}`;
  const path = [
    corner(left, top, arm, arm),
    corner(right, top, -arm, arm),
    corner(left, bottom, arm, -arm),
    corner(right, bottom, -arm, -arm),
  ].join('');
  return (
    <svg
      className={styles.marks}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio={`xMidYMid ${fit === 'cover' ? 'slice' : 'meet'}`}
      aria-hidden="true"
    >
      <path className={styles.shade} d={path} />
      <path className={styles.line} d={path} />
    </svg>
  );
}
