/** What the admin page says of states and settings. Pure. */
import type {
  AdminModel,
  AdminVersion,
  ImportReport,
  ImportStepName,
  LoadStage,
  Preset,
  SourceKind,
  Traffic,
  VersionPolicy,
} from '../../../core/admin.ts';
import { ago, bytes, percent } from '../words.ts';

export type Tone = 'good' | 'busy' | 'plain' | 'warn' | 'bad';

const STAGES: Readonly<Record<LoadStage, string>> = {
  fetch: 'Fetching',
  verify: 'Verifying',
  load: 'Loading',
  'warm-up': 'Warming up',
};

export function stateWords(version: AdminVersion): { readonly tone: Tone; readonly text: string } {
  switch (version.state) {
    case 'available':
      return { tone: 'good', text: 'Available' };
    case 'loading':
      return { tone: 'busy', text: version.stage ? STAGES[version.stage] : 'Waiting to load' };
    case 'failed':
      return { tone: 'bad', text: 'Failed' };
    case 'unloading':
      return { tone: 'busy', text: 'Unloading' };
    case 'idle':
      return { tone: 'plain', text: 'Not loaded' };
    default: {
      const never: never = version.state;
      return never;
    }
  }
}

export function policyWords(policy: VersionPolicy): string {
  switch (policy.kind) {
    case 'latest':
      return policy.count === 1 ? 'the newest version' : `the newest ${policy.count} versions`;
    case 'all':
      return 'all versions';
    case 'specific':
      return policy.versions.length === 0
        ? 'only labelled versions'
        : `${policy.versions.length === 1 ? 'version' : 'versions'} ${policy.versions.join(', ')}`;
    default: {
      const never: never = policy;
      return never;
    }
  }
}

export function stableWords(model: AdminModel): string {
  const { stable } = model.labels;
  if (stable === undefined) return 'Nothing is stable yet';
  return model.stable === 'newest' ? 'Stable follows the newest' : `Stable is pinned to version ${stable}`;
}

export const STEP_TITLES: Readonly<Record<ImportStepName, string>> = {
  fetch: 'Fetch',
  unpack: 'Unpack',
  manifest: 'Read the manifest',
  graph: 'Read the graph',
  classes: 'Match the class names',
  files: 'Check every file',
  load: 'Load it in a process of its own',
  goldens: 'Compare known answers',
  'warm-up': 'Run every batch size',
};

export const STEP_STATES: Readonly<Record<ImportReport['steps'][number]['state'], string>> = {
  waiting: 'Waiting',
  running: 'Running',
  passed: 'Passed',
  failed: 'Failed',
};

export const SOURCE_KIND_WORDS: Readonly<Record<SourceKind, string>> = {
  folder: 'Folder',
  catalogue: 'Catalogue',
  mlflow: 'MLflow registry',
};

export const PRESET_WORDS: Readonly<Record<Preset, string>> = {
  torchvision: 'torchvision (PyTorch)',
  tensorflow: 'TensorFlow, −1 to 1',
  caffe: 'Caffe, BGR with mean',
  'efficientnet-lite': 'EfficientNet-Lite',
};

export function importWords(report: ImportReport): { readonly tone: Tone; readonly text: string } {
  switch (report.state) {
    case 'checking':
      return { tone: 'busy', text: 'Being checked' };
    case 'ready':
      return { tone: 'good', text: 'Ready to publish' };
    case 'refused':
      return { tone: 'bad', text: 'Refused' };
    case 'published':
      return { tone: 'plain', text: 'Published' };
    default: {
      const never: never = report.state;
      return never;
    }
  }
}

/** "requests in 5 min": the window that figures are of. */
export function windowWords(windowMs: number): string {
  const minutes = windowMs / 60_000;
  if (minutes < 1) return `${Math.round(windowMs / 1000)}\u2009s`;
  if (minutes < 120) return `${Math.round(minutes)}\u2009min`;
  return `${Math.round(minutes / 60)}\u2009h`;
}

export function errorShare({ requests, errors }: Traffic): string {
  if (errors === 0) return '0';
  return `${errors} (${percent(errors / Math.max(1, requests))})`;
}

export function progressWords(progress: { readonly loadedBytes: number; readonly totalBytes: number }): string {
  const { loadedBytes, totalBytes } = progress;
  return totalBytes > 0 ? `${bytes(loadedBytes)} of ${bytes(totalBytes)}` : bytes(loadedBytes);
}

/** When a failed version is tried again, or a source is checked next. */
export function dueWords(at: number, now: number): string {
  return at <= now ? 'now' : ago(at, now);
}
