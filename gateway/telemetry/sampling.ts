/** Which of many equal events are told: a share of them, by their id, so that every gateway and every rerun agrees. */
import { createHash } from 'node:crypto';

const BITS = 48;

/** @param share 0 (none) to 1 (all) */
export function isSampled(id: string, share: number): boolean {
  if (share >= 1) return true;
  if (share <= 0) return false;
  return (
    createHash('sha256')
      .update(id)
      .digest()
      .readUIntBE(0, BITS / 8) /
      2 ** BITS <
    share
  );
}
