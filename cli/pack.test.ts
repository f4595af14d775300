import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openInput } from './pack.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlens-pack-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function unpack(bytes: Buffer): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const archive = extract();
  archive.end(bytes);
  for await (const entry of archive) files[entry.header.name] = (await buffer(entry)).toString('latin1');
  return files;
}

test('a folder becomes one tar with its files as they are, long names and empty ones too, without hidden ones', async () => {
  const long = `${'deep/'.repeat(40)}file.txt`;
  const files = { 'model.json': '{}', 'empty.bin': '', 'goldens/a.bin': 'x'.repeat(300_000), [long]: 'deep' };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  mkdirSync(join(folder, '.git'));
  writeFileSync(join(folder, '.git', 'config'), 'x');
  const packed = await openInput(folder);
  expect(packed.fileName).toMatch(/^twinlens-pack-.*\.tar$/);
  expect(packed.contentBytes).toBe(300_006);
  expect(await unpack(await buffer(packed.stream))).toEqual(files);
});

test('a file is sent as it is', async () => {
  writeFileSync(join(folder, 'model.onnx'), 'onnx');
  const packed = await openInput(join(folder, 'model.onnx'));
  expect([packed.fileName, packed.bytes, (await buffer(packed.stream)).toString()]).toEqual(['model.onnx', 4, 'onnx']);
});

test('links are not followed, and what is not there or empty is said', async () => {
  await expect(openInput(folder)).rejects.toThrow('no files');
  await expect(openInput(join(folder, 'missing'))).rejects.toThrow('missing');
  symlinkSync('/etc/passwd', join(folder, 'model.onnx'));
  await expect(openInput(folder)).rejects.toThrow('is a link');
});
