/**
 * Which version each label of a model names now: pure. A label names only what is available. `stable` is where an
 * operator pinned it; else, or while that version can't answer, the newest available one that is no canary. While a
 * pinned version is only not there yet, `stable` names at most one below it: nothing that was rolled back answers
 * during a start.
 */
import { labelled, type ModelState } from './state.ts';

export const STABLE = 'stable';
export const CANARY = 'canary';

/** @param coming versions that are wanted and neither available nor failed */
export function stableOf(
  model: ModelState,
  available: readonly number[],
  coming: readonly number[],
): number | undefined {
  const pin = labelled(model, STABLE);
  if (pin !== undefined && available.includes(pin)) return pin;
  const waits = pin !== undefined && coming.includes(pin);
  const others = available.filter((version) => version !== model.canary?.version && !(waits && version > pin));
  return others.length === 0 ? undefined : Math.max(...others);
}

export function effectiveLabels(
  model: ModelState,
  available: readonly number[],
  coming: readonly number[],
): Record<string, number> {
  const labels: Record<string, number> = {};
  const stable = stableOf(model, available, coming);
  if (stable !== undefined) labels[STABLE] = stable;
  const canary = model.canary?.version;
  if (canary !== undefined && available.includes(canary)) labels[CANARY] = canary;
  for (const [label, version] of Object.entries(model.labels))
    if (label !== STABLE && available.includes(version)) labels[label] = version;
  return labels;
}
