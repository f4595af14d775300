import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeClock } from '../../test/doubles/fake-clock.ts';
import { FileWatch } from './file-watch.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlens-watch-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function watchOf(...names: string[]) {
  const clock = new FakeClock();
  const taken: string[] = [];
  const lines: string[] = [];
  const say = (...line: unknown[]) => void lines.push(JSON.stringify(line));
  const watch = new FileWatch({
    what: 'thing',
    paths: names.map((name) => join(folder, name)),
    take: (contents) => {
      const text = contents.map(String).join('|');
      if (text.includes('bad')) throw new Error('no use');
      taken.push(text);
    },
    everyMs: 1000,
    after: clock.after,
    log: { info: say, warn: say },
  });
  /** Reading takes real time, so a look has ended when the next one is waited for. */
  const look = async () => {
    await clock.advance(1000);
    await vi.waitFor(() => expect(clock.pending).toBe(1));
  };
  return { watch, clock, taken, lines, look };
}

const put = (name: string, text: string) => writeFileSync(join(folder, name), text);

test('takes what the files hold at once, and what they hold later when it is something else', async () => {
  put('a', '1');
  put('b', '2');
  const { watch, taken, lines, look } = watchOf('a', 'b');
  expect(taken).toEqual(['1|2']);
  await look();
  put('b', '3');
  await look();
  await look();
  expect(taken).toEqual(['1|2', '1|3']);
  expect(lines.join()).toContain('secret_changed');
  watch.close();
});

test('sees a swap of the symbolic link that the path goes through', async () => {
  mkdirSync(join(folder, 'v1'));
  mkdirSync(join(folder, 'v2'));
  put('v1/token', 'one');
  put('v2/token', 'two');
  symlinkSync('v1', join(folder, 'data'));
  const { watch, taken, look } = watchOf('data/token');
  symlinkSync('v2', join(folder, 'new'));
  renameSync(join(folder, 'new'), join(folder, 'data'));
  await look();
  expect(taken).toEqual(['one', 'two']);
  watch.close();
});

test('keeps what it has while a file is missing or no use, says so once, and goes on', async () => {
  put('a', '1');
  const { watch, taken, lines, look } = watchOf('a');
  rmSync(join(folder, 'a'));
  await look();
  await look();
  expect([taken, lines.length]).toEqual([['1'], 1]);
  put('a', 'bad');
  await look();
  await look();
  expect([taken, lines.length]).toEqual([['1'], 2]);
  expect(lines.join()).not.toContain('bad');
  put('a', '2');
  await look();
  expect(taken).toEqual(['1', '2']);
  watch.close();
});

test('what is missing or no use at the start is thrown', () => {
  expect(() => watchOf('a')).toThrow('ENOENT');
  put('a', 'bad');
  expect(() => watchOf('a')).toThrow('no use');
  put('a', 'x'.repeat(1024 * 1024 + 1));
  expect(() => watchOf('a')).toThrow('at most');
  mkdirSync(join(folder, 'd'));
  expect(() => watchOf('d')).toThrow('no file');
});

test('looks no more once it is closed', async () => {
  put('a', '1');
  const { watch, clock, taken } = watchOf('a');
  watch.close();
  put('a', '2');
  await clock.advance(5000);
  expect([taken, clock.pending]).toEqual([['1'], 0]);
});
