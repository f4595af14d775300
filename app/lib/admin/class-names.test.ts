import { expect, test } from 'vitest';
import { readClassNames } from './class-names.ts';

test.each([
  ['cat\ndog\n', ['cat', 'dog']],
  ['\uFEFFcat\r\ndog', ['cat', 'dog']],
  ['["cat", "dog"]', ['cat', 'dog']],
  ['{"1": "dog", "0": "cat"}', ['cat', 'dog']],
])('%j is read in the order of the output', (text, names) => {
  expect(readClassNames(text)).toEqual(names);
});

test.each([
  ['', 'no class names'],
  ['cat\n\ndog', 'Class 1 has no name'],
  ['{"0": "cat", "2": "dog"}', 'Class 1 is missing'],
  ['[1, 2]', 'names are text'],
  ['{"cat"', 'is none'],
])('%j is refused', (text, message) => {
  expect(() => readClassNames(text)).toThrow(message);
});
