/**
 * The lifecycle policy: from what is aspired and what is there to at most one next action. Pure and
 * idempotent; it never unloads the last available version of a model that is still aspired before its
 * successor serves.
 */

export type VersionState = 'idle' | 'loading' | 'available' | 'unloading' | 'failed';

export interface VersionSnapshot {
  readonly name: string;
  readonly version: number;
  readonly aspired: boolean;
  readonly state: VersionState;
}

export type Action = { readonly kind: 'load' | 'unload'; readonly name: string; readonly version: number };

export function nextAction(snapshot: readonly VersionSnapshot[]): Action | undefined {
  const busy = new Set(
    snapshot.filter(({ state }) => state === 'loading' || state === 'unloading').map(({ name }) => name),
  );
  const idle = snapshot.filter(({ name }) => !busy.has(name));
  // Newest first: what users wait for is the latest version.
  const toLoad = idle
    .filter(({ aspired, state }) => aspired && state === 'idle')
    .sort((a, b) => b.version - a.version)[0];
  if (toLoad) return { kind: 'load', name: toLoad.name, version: toLoad.version };
  const toUnload = idle.find(({ name, aspired, state }) => {
    if (aspired || state !== 'available') return false;
    const wanted = snapshot.some((other) => other.name === name && other.aspired);
    const served = snapshot.some((other) => other.name === name && other.aspired && other.state === 'available');
    return !wanted || served;
  });
  return toUnload && { kind: 'unload', name: toUnload.name, version: toUnload.version };
}
