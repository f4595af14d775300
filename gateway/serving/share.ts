/**
 * Whether a request is among the share that a canary gets. With a key the answer depends on model and key alone: the
 * same after a restart and on every gateway, and a greater share takes keys to the canary and never one back.
 */
import { createHash } from 'node:crypto';

const BITS = 48;

/** A number in [0, 1) that belongs to the key. */
export function placeOf(model: string, key: string): number {
  const digest = createHash('sha256').update(`${model}\n${key}`).digest();
  return digest.readUIntBE(0, BITS / 8) / 2 ** BITS;
}

/** @param random a number in [0, 1) for requests without a key */
export function inShare(model: string, share: number, key: string | undefined, random: () => number): boolean {
  return (key === undefined ? random() : placeOf(model, key)) < share;
}
