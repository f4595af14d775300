/** Serving that operators change, with what there is to see of it. */
import type { ModelEvent } from '../../core/protocol.ts';
import { settle } from '../doubles/fake-clock.ts';
import { type ServingOptions, type ServingUnderTest, startServing } from './serving.ts';

export interface OperatedServing extends ServingUnderTest {
  /** What subscribers were told, oldest first. */
  readonly events: readonly ModelEvent[];
}

export async function startOperated(options: ServingOptions & { readonly data: string }): Promise<OperatedServing> {
  const serving = await startServing(options);
  const events: ModelEvent[] = [];
  serving.registry.subscribe((event) => events.push(event));
  await written(serving);
  return { ...serving, events };
}

/** Everything that was on its way to the disk is there. */
export async function written({ registry }: ServingUnderTest): Promise<void> {
  // A change is queued behind all others.
  for (let round = 0; round < 3; round += 1) {
    await settle();
    await registry.operations.note({ actor: 'test', action: 'mark', detail: '' }).catch(() => undefined);
  }
}

/** The version that answers. */
export function served(serving: ServingUnderTest, spec?: string): number {
  const handle = serving.registry.acquire(spec);
  handle.release();
  return handle.version;
}

export const available = ({ registry }: ServingUnderTest) => registry.list()[0]?.versions;
export const labels = ({ registry }: ServingUnderTest) => registry.list()[0]?.labels;

/** Who did what to which version, oldest first. */
export const actions = ({ registry }: ServingUnderTest) =>
  registry.operations
    .journal(100)
    .filter(({ action }) => action !== 'mark')
    .map(({ actor, action, version }) => [actor, action, version].join(' '))
    .reverse();
