import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { usualSplit } from '../instances/index.ts';
import { SplitBook } from './split-book.ts';

let folder: string;
let faults: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlens-splits-'));
  faults = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (machine = 'mine', where: string | undefined = folder) =>
  SplitBook.open({ folder: where, machine, onFault: (message) => faults.push(message) });
const model = (name: string, sha256 = 'a') => ({ name, sha256 });
const split = usualSplit(2, 1);

test('what was measured is there after a restart, for the very file and for others of that name', async () => {
  await (await open()).keep(model('m'), split);
  const book = await open();
  expect(book.find(model('m'))).toEqual({ split, same: true });
  expect(book.find(model('m', 'b'))).toEqual({ split, same: false });
  expect(book.find(model('other'))).toBe(undefined);
  expect([readdirSync(folder), faults]).toEqual([['splits.json'], []]);
});

test('what was measured on another machine is not taken for this one', async () => {
  await (await open('another')).keep(model('m'), split);
  expect((await open()).find(model('m'))).toBe(undefined);
});

test('a model has one split, and no more than 100 models have one', async () => {
  const book = await open();
  for (let at = 0; at < 101; at += 1) await book.keep(model(`m${at}`), split);
  await book.keep(model('m100', 'b'), usualSplit(1, 2));
  const kept: { models: { name: string }[] } = JSON.parse(readFileSync(join(folder, 'splits.json'), 'utf8'));
  expect([kept.models.length, kept.models[0]?.name, kept.models.at(-1)?.name]).toEqual([100, 'm100', 'm1']);
  expect((await open()).find(model('m100', 'b'))).toEqual({ split: usualSplit(1, 2), same: true });
});

test.each(['{', '{"machine":"mine","models":[{"name":"m"}]}'])('a book that reads %s is begun anew', async (text) => {
  writeFileSync(join(folder, 'splits.json'), text);
  const book = await open();
  expect([book.find(model('m')), faults.length]).toEqual([undefined, 1]);
  await book.keep(model('m'), split);
  expect((await open()).find(model('m'))?.split).toEqual(split);
});

test('without a folder, or where the disk refuses, it holds for this process alone', async () => {
  writeFileSync(join(folder, 'file'), '');
  for (const where of [undefined, join(folder, 'file')]) {
    const book = await SplitBook.open({ folder: where, machine: 'mine', onFault: (message) => faults.push(message) });
    await book.keep(model('m'), split);
    expect(book.find(model('m'))?.split).toEqual(split);
  }
  expect(faults.some((message) => message.includes("can't be written"))).toBe(true);
});
