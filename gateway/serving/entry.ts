/** One version that the manager knows: what its source says, what is decided about it, and what state it is in. */
import type { LoadStage } from '../../core/admin.ts';
import type { ErrorBody } from '../../core/errors.ts';
import type { Aspired, FetchProgress, PackageOnDisk } from '../sources/index.ts';
import type { VersionStatus } from './lifecycle.ts';
import type { Loadable } from './loadable.ts';
import type { VersionSnapshot } from './policy.ts';

export interface Loading {
  readonly state: 'loading';
  readonly abort: AbortController;
  /** Of the content that is being loaded. */
  readonly fingerprint: string;
  stage: LoadStage;
  progress: FetchProgress | undefined;
  /** Once its package is on this disk. */
  serving: Loadable | undefined;
}

/** What holds only in one state lives there, so that nothing of a retired version is kept. */
export type Phase =
  | { readonly state: 'idle' }
  | Loading
  | { readonly state: 'available'; readonly serving: Loadable; readonly fingerprint: string; readonly loadMs: number }
  | { readonly state: 'unloading'; readonly serving: Loadable }
  | {
      readonly state: 'failed';
      readonly error: ErrorBody;
      readonly retryAt: number;
      readonly stopTimer: () => void;
      /** It is time to try again. */
      due: boolean;
    };

export interface Entry {
  readonly name: string;
  readonly version: number;
  aspired: Aspired;
  /** A source has it. */
  listed: boolean;
  wanted: boolean;
  forced: boolean;
  /** In a row. */
  failures: number;
  /** Of the last fetch that succeeded. */
  onDisk: PackageOnDisk | undefined;
  phase: Phase;
}

export function newEntry(aspired: Aspired): Entry {
  return {
    name: aspired.name,
    version: aspired.version,
    aspired,
    listed: true,
    wanted: false,
    forced: false,
    failures: 0,
    onDisk: undefined,
    phase: { state: 'idle' },
  };
}

export function snapshotOf({ name, version, wanted, forced, phase }: Entry): VersionSnapshot {
  return { name, version, wanted, forced, state: phase.state, retryDue: phase.state === 'failed' && phase.due };
}

export function statusOf({ aspired, name, version, wanted, onDisk, phase }: Entry): VersionStatus {
  const serving = 'serving' in phase ? phase.serving : undefined;
  const answers = phase.state === 'available';
  return {
    aspired,
    name,
    version,
    state: phase.state,
    wanted,
    stage: phase.state === 'loading' ? phase.stage : undefined,
    progress: phase.state === 'loading' && phase.stage === 'fetch' ? phase.progress : undefined,
    error: phase.state === 'failed' ? phase.error : undefined,
    retryAt: phase.state === 'failed' ? phase.retryAt : undefined,
    manifest: onDisk?.manifest ?? aspired.manifest,
    folder: onDisk?.folder,
    provider: answers ? phase.serving.provider : undefined,
    instances: serving?.pids.length ?? 0,
    threads: answers ? phase.serving.threads : undefined,
    alive: answers && phase.serving.alive,
    memoryBytes: serving?.memoryBytes ?? [],
    loadMs: answers ? phase.loadMs : undefined,
  };
}
