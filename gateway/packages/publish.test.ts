import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import { builtIn } from '../../test/contract/inference-engine.ts';
import { temporaryFolders } from '../../test/support/temporary.ts';
import { diskError } from '../disk.ts';
import { publishPackage } from './publish.ts';
import { createStaging } from './staging.ts';

const fresh = temporaryFolders();

function staged(content: string): string {
  const folder = join(fresh(), 'package');
  mkdirSync(folder);
  writeFileSync(join(folder, 'model.json'), content);
  return folder;
}
const manifest = { ...builtIn, name: 'net', version: 7 };

describe('publishPackage', () => {
  test('the package is at NAME/VERSION, and no longer where it was', async () => {
    const root = join(fresh(), 'models');
    const folder = staged('one');
    expect(await publishPackage({ folder, manifest, root })).toBe(join(root, 'net', '7'));
    expect(readFileSync(join(root, 'net', '7', 'model.json'), 'utf8')).toBe('one');
    expect(existsSync(folder)).toBe(false);
  });

  test('a version that exists is CONFLICT, stays as it is, and the new one stays where it was', async () => {
    const root = fresh();
    await publishPackage({ folder: staged('one'), manifest, root });
    const second = staged('two');
    await expect(publishPackage({ folder: second, manifest, root })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(readFileSync(join(root, 'net', '7', 'model.json'), 'utf8')).toBe('one');
    expect(existsSync(join(second, 'model.json'))).toBe(true);
  });

  test('of many that publish the same version at once, one wins and the others are CONFLICT', async () => {
    const root = fresh();
    const texts = ['a', 'b', 'c', 'd', 'e', 'f'];
    const done = await Promise.allSettled(
      texts.map((text) => publishPackage({ folder: staged(text), manifest, root })),
    );
    const won = done.flatMap(({ status }, at) => (status === 'fulfilled' ? [texts[at]] : []));
    expect(won).toHaveLength(1);
    for (const one of done) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'CONFLICT' });
    expect(readFileSync(join(root, 'net', '7', 'model.json'), 'utf8')).toBe(won[0]);
    expect(readdirSync(join(root, 'net'))).toEqual(['7']);
  });

  test('one that is cancelled publishes nothing', async () => {
    const root = fresh();
    const signal = AbortSignal.abort();
    await expect(publishPackage({ folder: staged('x'), manifest, root, signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(readdirSync(join(root, 'net'))).toEqual([]);
  });

  test('a folder that can not be made is UNAVAILABLE, not a conflict', async () => {
    const root = join(fresh(), 'models');
    writeFileSync(root, 'a file');
    const folder = staged('x');
    await expect(publishPackage({ folder, manifest, root })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(existsSync(join(folder, 'model.json'))).toBe(true);
  });
});

describe('the staging folder', () => {
  test('each import has an empty folder of its own', async () => {
    const staging = createStaging(join(fresh(), 'data', 'staging'));
    const [one, two] = await Promise.all([staging.create(), staging.create()]);
    expect(one).not.toBe(two);
    expect(readdirSync(one)).toEqual([]);
    await staging.remove(one);
    await staging.remove(one);
    expect(existsSync(one)).toBe(false);
    expect(existsSync(two)).toBe(true);
  });

  test('what an earlier run left is gone; what is not an import stays', async () => {
    const root = fresh();
    const before = await createStaging(root).create();
    writeFileSync(join(before, 'half'), 'x');
    writeFileSync(join(root, 'upload-1'), 'x');
    await createStaging(root).sweep();
    expect(readdirSync(root)).toEqual(['upload-1']);
  });

  test('it deletes only folders that it made', async () => {
    const staging = createStaging(fresh());
    const other = fresh();
    await expect(staging.remove(other)).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(staging.remove(join(staging.root, '..'))).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(existsSync(other)).toBe(true);
  });

  test('a root that is a file is refused, until it is one no more', async () => {
    const root = join(fresh(), 'file');
    writeFileSync(root, 'x');
    const staging = createStaging(root);
    await expect(staging.sweep()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(staging.create()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    rmSync(root);
    expect(readdirSync(await staging.create())).toEqual([]);
  });
});

test.each(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES'])('%s is UNAVAILABLE and says what to do', (code) => {
  const error = diskError(Object.assign(new Error(code), { code }), "The model can't be kept");
  expect(error).toBeInstanceOf(TwinlensError);
  expect(error).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(/^The model can't be kept: .*\.$/),
  });
});

test('other errors stay what they are', () => {
  const error = new TypeError('a mistake');
  expect(diskError(error, 'x')).toBe(error);
});
