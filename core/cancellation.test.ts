import { expect, test } from 'vitest';
import { Cancellation } from './cancellation.ts';

test('tells each listener once, those that left not at all, and later ones only by `aborted`', () => {
  const cancellation = new Cancellation();
  const told: string[] = [];
  const leaver = () => told.push('leaver');
  cancellation.addEventListener('abort', () => told.push('first'));
  cancellation.addEventListener('abort', leaver);
  cancellation.removeEventListener('abort', leaver);
  cancellation.addEventListener('abort', () => told.push('second'));
  expect(cancellation.aborted).toBe(false);
  cancellation.abort();
  cancellation.abort();
  cancellation.addEventListener('abort', () => told.push('late'));
  expect(cancellation.aborted).toBe(true);
  expect(told).toEqual(['first', 'second']);
});
