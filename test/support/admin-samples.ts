/** Models and overviews as a gateway could send them; what a test is about it changes. */
import {
  type AdminModel,
  type AdminOverview,
  type AdminVersion,
  DEFAULT_CANARY_LIMITS,
  type ImportReport,
  type Traffic,
} from '../../core/admin.ts';

export const quiet: Traffic = { windowMs: 300_000, requests: 0, errors: 0 };

export const aVersion = (version: number, change: Partial<AdminVersion> = {}): AdminVersion => ({
  version,
  state: 'available',
  source: 'data',
  removable: true,
  labels: [],
  instances: 1,
  memoryBytes: 1,
  traffic: quiet,
  ...change,
});

export const aModel = (change: Partial<AdminModel> = {}): AdminModel => ({
  name: 'net',
  title: 'Net',
  default: true,
  policy: { kind: 'latest', count: 2 },
  labels: { stable: 2 },
  stable: 'newest',
  versions: [aVersion(2, { labels: ['stable'] }), aVersion(1)],
  ...change,
});

export const aCanary = (version: number, share: number): NonNullable<AdminModel['canary']> => ({
  version,
  share,
  shadow: 0.2,
  limits: DEFAULT_CANARY_LIMITS,
  startedAt: 0,
  seen: { canary: quiet, stable: quiet, shadowed: 0, disagreed: 0 },
});

export const anOverview = (change: Partial<AdminOverview> = {}): AdminOverview => ({
  models: [aModel()],
  sources: [],
  imports: [],
  journal: [],
  access: 'token',
  limits: { maxUploadBytes: 1_000_000 },
  ...change,
});

export const aReport = (change: Partial<ImportReport> = {}): ImportReport => ({
  id: 'import-1',
  state: 'checking',
  from: 'net.zip',
  bytes: 3,
  createdAt: 0,
  steps: [],
  ...change,
});
