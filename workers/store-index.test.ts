import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Manifest, parseManifest } from '../core/manifest.ts';
import {
  EMPTY_INDEX,
  KEPT_MODELS,
  KEPT_PASSED,
  KEPT_VERDICTS,
  mention,
  parseIndex,
  remember,
  rememberPassed,
  rememberVerdict,
  type StoreIndex,
  wantedFiles,
} from './store-index.ts';

const builtIn = parseManifest(
  JSON.parse(readFileSync(new URL('../models/efficientnet-lite0/model.json', import.meta.url), 'utf8')),
);

/** A version whose weights are its own. */
function version(number: number, name = builtIn.name): Manifest {
  const sha256 = `${name.length}${number}`.padStart(64, '0');
  return { ...builtIn, name, version: number, files: { ...builtIn.files, 'model.onnx': { bytes: 1, sha256 } } };
}
const weightsOf = (manifest: Manifest): string => manifest.files['model.onnx']?.sha256 ?? '';
const versionsOf = (index: StoreIndex): number[] =>
  index.models[0]?.manifests.map((manifest) => manifest.version) ?? [];

test('of each model the version in use and the one used before it are kept', () => {
  let index = EMPTY_INDEX;
  for (const number of [1, 2, 3]) index = remember(index, version(number), {});
  expect(versionsOf(index)).toEqual([3, 2]);
  index = remember(index, version(1), {});
  expect(versionsOf(index)).toEqual([1, 3]);
  index = remember(index, version(2), {});
  expect(versionsOf(index)).toEqual([2, 1]);
});

test('a version that is only mentioned does not take the place of the one in use', () => {
  let index = mention(EMPTY_INDEX, version(1), {});
  expect(versionsOf(index)).toEqual([1]);
  index = mention(index, version(2), { stable: 2 });
  expect(versionsOf(index)).toEqual([1, 2]);
  expect(index.models[0]?.labels).toEqual({ stable: 2 });
  expect(versionsOf(mention(index, version(1), {}))).toEqual([1, 2]);
  expect(versionsOf(mention(index, version(3), {}))).toEqual([1, 3]);
  expect(versionsOf(remember(index, version(2), {}))).toEqual([2, 1]);
});

test('files of versions that are no longer kept are no longer wanted, shared ones still are', () => {
  let index = EMPTY_INDEX;
  for (const number of [1, 2, 3]) index = remember(index, version(number), {});
  const wanted = wantedFiles(index);
  expect([1, 2, 3].map((number) => wanted.has(weightsOf(version(number))))).toEqual([false, true, true]);
  expect(wanted.has(builtIn.files['classes.json']?.sha256 ?? '')).toBe(true);
});

test('the model used longest ago goes first', () => {
  const names = Array.from({ length: KEPT_MODELS + 1 }, (_, i) => `model-${i}`);
  let index = EMPTY_INDEX;
  for (const name of names) index = remember(index, version(1, name), {});
  index = remember(index, version(1, 'model-1'), {});
  expect(index.models.map((model) => model.name)).toEqual(['model-1', 'model-4', 'model-3', 'model-2']);
});

test('labels are kept when the gateway could not tell newer ones', () => {
  const index = remember(remember(EMPTY_INDEX, version(2), { stable: 2 }), version(2), undefined);
  expect(index.models[0]?.labels).toEqual({ stable: 2 });
});

test('what was written is read again; what can not be read counts as nothing', () => {
  const verdict = { key: 'adapter', provider: 'wasm', reason: 'measured' } as const;
  const index = rememberPassed(rememberVerdict(remember(EMPTY_INDEX, builtIn, { stable: 1 }), verdict), 'key');
  const bytes = new TextEncoder().encode(JSON.stringify(index));
  expect(parseIndex(bytes)).toEqual(index);
  for (const text of ['', '{', '{"format":"twinlens-store/9","models":[],"verdicts":[]}']) {
    expect(parseIndex(new TextEncoder().encode(text))).toEqual(EMPTY_INDEX);
  }
  expect(parseIndex(undefined)).toEqual(EMPTY_INDEX);
});

test('remembered verdicts are bounded, one for each key', () => {
  let index = EMPTY_INDEX;
  for (let i = 0; i < KEPT_VERDICTS + 5; i += 1) {
    index = rememberVerdict(index, { key: `key ${i}`, provider: 'wasm', reason: 'measured' });
  }
  index = rememberVerdict(index, { key: `key ${KEPT_VERDICTS}`, provider: 'webgpu', reason: 'measured again' });
  expect(index.verdicts).toHaveLength(KEPT_VERDICTS);
  expect(index.verdicts[0]).toEqual({ key: `key ${KEPT_VERDICTS}`, provider: 'webgpu', reason: 'measured again' });
  expect(new Set(index.verdicts.map(({ key }) => key)).size).toBe(KEPT_VERDICTS);
});

test('a table of a build that remembered no goldens is read, with none passed', () => {
  const { passed, ...earlier } = remember(EMPTY_INDEX, builtIn, {});
  const bytes = new TextEncoder().encode(JSON.stringify(earlier));
  expect(parseIndex(bytes)).toEqual({ ...earlier, passed });
});

test('passed goldens are bounded, each key once, the newest first', () => {
  let index = EMPTY_INDEX;
  for (let i = 0; i < KEPT_PASSED + 5; i += 1) index = rememberPassed(index, `key ${i}`);
  index = rememberPassed(index, 'key 10');
  expect(index.passed).toHaveLength(KEPT_PASSED);
  expect(index.passed.slice(0, 2)).toEqual(['key 10', `key ${KEPT_PASSED + 4}`]);
  expect(new Set(index.passed).size).toBe(KEPT_PASSED);
});
