import { expect, test } from 'vitest';
import { Shares } from './shares.ts';

const over = (...clients: string[]) => {
  const shares = new Shares();
  for (const client of clients) shares.add(client);
  return [...new Set(clients)].filter((client) => shares.isOver(client));
};
const times = (client: string, count: number) => Array<string>(count).fill(client);

test('who had more than twice an equal share of the last places is over it', () => {
  expect(over(...times('greedy', 12), 'a', 'b', 'c', 'd')).toEqual(['greedy']);
  expect(over(...times('greedy', 6), ...times('a', 5), ...times('b', 5))).toEqual([]);
});

test('one who is alone, or shares with one other, is never over', () => {
  expect(over(...times('alone', 40))).toEqual([]);
  expect(over('other', ...times('one', 15))).toEqual([]);
});

test('what was long ago is forgotten', () => {
  expect(over(...times('greedy', 12), ...times('a', 6), ...times('b', 5), ...times('c', 5))).toEqual([]);
});
