/** Imports of packages with real processes: the built-in one, as it is and with every kind of mistake. */
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { IMPORT_STEPS } from '../../core/admin.ts';
import { builtIn } from '../contract/inference-engine.ts';
import { gzipped, tarOf, zipOf } from '../support/archives.ts';
import { builtInFolder, inputs, MINUTE, tryImport } from '../support/importing.ts';

const { fileOf, fresh, refusal } = inputs();

describe('a package', () => {
  const changedManifest = (change: (manifest: Record<string, unknown>) => void) => {
    const folder = fresh();
    cpSync(builtInFolder, folder, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
    change(manifest);
    writeFileSync(join(folder, 'model.json'), JSON.stringify(manifest));
    return folder;
  };

  test('is taken as it is; what its manifest does not name is left out, and said', { timeout: MINUTE }, async () => {
    const folder = changedManifest(() => undefined);
    writeFileSync(join(folder, 'notes.txt'), 'x');
    const { made, told } = await tryImport(folder, fresh(), { hints: { name: 'renamed', version: 3 } });
    expect(made?.manifest).toEqual({ ...builtIn, name: 'renamed', version: 3 });
    expect(told.map((line) => line.split(':')[0])).toEqual(IMPORT_STEPS.slice(1).map((step) => `${step} passed`));
    expect(told.join('\n')).toMatch(/left out, as model.json doesn't name them: notes.txt/);
    expect(existsSync(join(made?.folder ?? '', 'notes.txt'))).toBe(false);
    expect(existsSync(join(folder, 'model.onnx')), 'the input is left as it is').toBe(true);
  });

  test.each(['tar', 'tar.gz', 'zip'])('in a %s is the same package', { timeout: MINUTE }, async (format) => {
    const files = ['model.json', ...Object.keys(builtIn.files)];
    const entries = files.map((name) => ({ name: `any/${name}`, content: readFileSync(join(builtInFolder, name)) }));
    const packed = format === 'zip' ? zipOf(...entries) : await tarOf(...entries);
    const { made } = await tryImport(fileOf('upload', format === 'tar.gz' ? gzipped(packed) : packed), fresh());
    expect(made?.manifest).toEqual(builtIn);
  });

  test.each<[string, (manifest: Record<string, unknown>) => void, RegExp]>([
    [
      'mistakes, all of them told',
      (m) => Object.assign(m, { version: 0, title: '' }),
      /^manifest INVALID_ARGUMENT: .*version: .*title: /,
    ],
    [
      'another sha256',
      (m) =>
        Object.assign(m, { files: { ...builtIn.files, 'classes.json': { bytes: 16025, sha256: '0'.repeat(64) } } }),
      /^files INVALID_ARGUMENT: classes.json has sha256 a2158.*, but model.json says 000/,
    ],
    [
      'another size',
      (m) =>
        Object.assign(m, {
          files: { ...builtIn.files, 'classes.json': { ...builtIn.files['classes.json'], bytes: 7 } },
        }),
      /^files INVALID_ARGUMENT: classes.json has 16025 bytes/,
    ],
    [
      'a file that is not there',
      (m) => Object.assign(m, { files: { ...builtIn.files, 'gone.png': { bytes: 7, sha256: '0'.repeat(64) } } }),
      /^files INVALID_ARGUMENT: gone.png is missing/,
    ],
    [
      'a path that leaves it',
      (m) => Object.assign(m, { files: { ...builtIn.files, '../evil': { bytes: 7, sha256: '0'.repeat(64) } } }),
      /^manifest INVALID_ARGUMENT: .*files/,
    ],
    [
      'another number of classes',
      (m) => Object.assign(m, { output: { ...builtIn.output, classes: 999 } }),
      /^graph INVALID_ARGUMENT: .*logits .*1000.*999 classes/,
    ],
    [
      'goldens that are not its own',
      (m) => Object.assign(m, { goldens: [{ ...builtIn.goldens[0], top: [{ index: 1, score: 0.9 }] }] }),
      /^goldens INVALID_ARGUMENT: .*not right on cpu/,
    ],
  ])('whose manifest has %s is refused', { timeout: MINUTE }, async (_title, change, why) => {
    expect(await refusal(changedManifest(change))).toMatch(why);
  });

  test('a link among its files is refused, wherever it leads', { timeout: MINUTE }, async () => {
    const folder = changedManifest(() => undefined);
    symlinkSync('/etc/passwd', join(folder, 'passwd'));
    expect(await refusal(folder)).toMatch(/^unpack INVALID_ARGUMENT: .*passwd.* is a link/);
  });

  test('a preset for one that says its own preprocessing is refused', async () => {
    expect(await refusal(builtInFolder, { hints: { preset: 'caffe' } })).toMatch(
      /^manifest INVALID_ARGUMENT: .*leave preset/,
    );
  });
});
