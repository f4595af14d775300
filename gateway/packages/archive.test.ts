import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import { gzipped, type TarEntry, tarOf, type ZipEntry, zipOf } from '../../test/support/archives.ts';
import { temporaryFolders } from '../../test/support/temporary.ts';
import { kindOfFile, unpack } from './archive.ts';

const fresh = temporaryFolders();

async function unpacked(bytes: Uint8Array, maxBytes = 1_000_000, signal = new AbortController().signal) {
  const around = fresh();
  const path = join(around, 'upload');
  const into = join(around, 'a', 'b');
  mkdirSync(into, { recursive: true });
  writeFileSync(path, bytes);
  const kind = await kindOfFile(path);
  if (kind !== 'tar' && kind !== 'gzip' && kind !== 'zip') throw new Error(`this is ${kind}`);
  try {
    const result = await unpack(path, kind, into, { maxBytes, signal });
    return { into, ...result };
  } finally {
    const outside = [around, join(around, 'a')].flatMap((folder) => readdirSync(folder));
    expect(outside.sort(), 'nothing is written outside').toEqual(['a', 'b', 'upload']);
  }
}

const refusal = async (bytes: Uint8Array, maxBytes?: number) => {
  const error = await unpacked(bytes, maxBytes).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TwinlensError)) throw new Error(`not refused properly: ${error}`);
  return `${error.code}: ${error.message}`;
};

const file = (name: string, content: Buffer | string = 'x') => ({ name, content });
const both: readonly [string, (...entries: { name: string; content: Buffer | string }[]) => Promise<Buffer>][] = [
  ['tar', (...entries) => tarOf(...entries)],
  ['tar.gz', async (...entries) => gzipped(await tarOf(...entries))],
  ['zip', async (...entries) => zipOf(...entries)],
];

describe.each(both)('%s', (_format, make) => {
  test('its files come out as they went in; what macOS adds is left out', async () => {
    const weights = Buffer.alloc(300_000, 7);
    const archive = await make(
      file('model/model.json', '{}'),
      file('./model/onnx/model.onnx', weights),
      file('__MACOSX/model/._model.json'),
      file('model/.DS_Store'),
      file('model/._classes.json'),
    );
    const { into, files, bytes } = await unpacked(archive);
    expect({ files, bytes }).toEqual({ files: 2, bytes: 300_002 });
    expect(readdirSync(into, { recursive: true }).sort()).toEqual([
      'model',
      'model/model.json',
      'model/onnx',
      'model/onnx/model.onnx',
    ]);
    expect(readFileSync(join(into, 'model/onnx/model.onnx')).equals(weights)).toBe(true);
  });

  test.each([
    ['leads out of the folder', '../evil.txt'],
    ['leads out in the middle', 'model/../../evil.txt'],
    ['is absolute', '/evil.txt'],
    ['has a drive', 'C:/evil.txt'],
    ['has backslashes', '..\\evil.txt'],
    ['has a line break', 'model\n.json'],
    ['is longer than a manifest may say', `${'a/'.repeat(110)}b`],
  ])('a path that %s is refused, and nothing is written outside', async (_title, name) => {
    expect(await refusal(await make(file(name)))).toMatch(/^INVALID_ARGUMENT: The archive /);
  });

  test('an archive that unpacks to more than is taken is stopped, however small it is', async () => {
    const bomb = await make(file('zeros', Buffer.alloc(5_000_000)));
    expect(await refusal(bomb, 100_000)).toMatch(/^PAYLOAD_TOO_LARGE: .*100000 bytes/);
  });

  test('files that are too much only together are stopped as well', async () => {
    const bomb = await make(...[1, 2, 3].map((at) => file(`part-${at}`, Buffer.alloc(40_000))));
    expect(await refusal(bomb, 100_000)).toMatch(/^PAYLOAD_TOO_LARGE/);
  });

  test('more entries than any model has are refused', async () => {
    const many = await make(...Array.from({ length: 1001 }, (_, at) => file(`f${at}`, '')));
    expect(await refusal(many)).toMatch(/^PAYLOAD_TOO_LARGE: .*1000 entries/);
  });

  test.each([
    ['the same file', 'model.json', 'model.json'],
    ['the same file to some disks', 'model.json', 'Model.JSON'],
    ['a file and a folder', 'model', 'model/model.json'],
  ])('two entries that are %s are refused', async (_title, first, second) => {
    expect(await refusal(await make(file(first), file(second)))).toMatch(/^INVALID_ARGUMENT: .* twice/);
  });

  test('one cut short is refused as damaged', async () => {
    const whole = await make(file('weights', Buffer.from(Array.from({ length: 9000 }, (_, at) => (at * at) % 251))));
    expect(await refusal(whole.subarray(0, Math.floor(whole.length / 2)))).toMatch(/^INVALID_ARGUMENT: .*damaged/);
  });

  test('one without files is refused', async () => {
    expect(await refusal(await make(file('.DS_Store')))).toMatch(/^INVALID_ARGUMENT: .*no files/);
  });

  test('one whose unpacking is cancelled is CANCELLED', async () => {
    await expect(unpacked(await make(file('a')), 1000, AbortSignal.abort())).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });
});

test.each<[string, TarEntry]>([
  ['a symbolic link', { name: 'model.onnx', type: 'symlink', linkname: '/etc/passwd' }],
  ['a hard link', { name: 'model.onnx', type: 'link', linkname: 'other' }],
  ['a device', { name: 'model.onnx', type: 'character-device' }],
  ['a pipe', { name: 'model.onnx', type: 'fifo' }],
])('%s in a tar is refused', async (_title, entry) => {
  expect(await refusal(await tarOf(file('model.json'), entry))).toMatch(/^INVALID_ARGUMENT: .*only plain files/);
});

test.each<[string, ZipEntry, RegExp]>([
  ['a link', { name: 'model.onnx', content: '/etc/passwd', mode: 0o120777 }, /only plain files/],
  ['an encrypted entry', { name: 'model.onnx', content: 'x', encrypted: true }, /encrypted/],
  ['an entry that is larger than it says', { name: 'm', content: Buffer.alloc(90_000), claims: 10 }, /another size/],
])('%s in a zip is refused', async (_title, entry, why) => {
  const message = await refusal(zipOf(entry));
  expect(message).toMatch(/^INVALID_ARGUMENT/);
  expect(message).toMatch(why);
});

test('a gzip bomb whose content is skipped is stopped, too', async () => {
  const bomb = gzipped(await tarOf(file('.DS_Store', Buffer.alloc(40_000_000))));
  expect(bomb.length).toBeLessThan(100_000);
  expect(await refusal(bomb, 100_000)).toMatch(/^PAYLOAD_TOO_LARGE/);
});

test.each([
  ['html', '\n<!DOCTYPE html><html></html>'],
  ['git-lfs', 'version https://git-lfs.github.com/spec/v1\noid sha256:00'],
  ['other', 'PKx'],
  ['other', ''],
] as const)('%s is told by its first bytes', async (kind, content) => {
  const path = join(fresh(), 'upload.zip');
  writeFileSync(path, content);
  expect(await kindOfFile(path)).toBe(kind);
});

test('whatever the bytes are, they are unpacked or refused with a code', async () => {
  const good = [await tarOf(file('a/b', 'hello'), file('c', 'there')), zipOf(file('a/b', 'hello'), file('c', 'there'))];
  const archives = fc.tuple(fc.constantFrom(...good), fc.nat(), fc.integer({ min: 0, max: 255 }));
  await fc.assert(
    fc.asyncProperty(archives, async ([bytes, at, value]) => {
      const changed = Buffer.from(bytes);
      // The marks by which the kind is told stay.
      const place = at % changed.length;
      if (place < 4 || (place >= 257 && place < 262)) return;
      changed[place] = value;
      await unpacked(changed).catch((error: unknown) => expect(error).toBeInstanceOf(TwinlensError));
    }),
    { numRuns: 150 },
  );
});
