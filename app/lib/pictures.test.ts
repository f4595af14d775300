import { expect, test } from 'vitest';
import { encodingOf } from './pictures.ts';

const bytes = (...parts: (string | number)[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...part].map((c) => c.charCodeAt(0)))));

test.each([
  ['jpeg', bytes(0xff, 0xd8, 0xff, 0xe0)],
  ['png', bytes(0x89, 'PNG\r\n', 0x1a, '\n')],
  ['webp', bytes('RIFF', 1, 2, 3, 4, 'WEBP')],
  ['avif', bytes(0, 0, 0, 28, 'ftypavif')],
  ['avif', bytes(0, 0, 0, 28, 'ftypavis')],
] as const)('%s is told by its first bytes', (encoding, head) => {
  expect(encodingOf(head)).toBe(encoding);
});

test.each([
  ['HEIC', bytes(0, 0, 0, 28, 'ftypheic')],
  ['GIF', bytes('GIF89a')],
  ['HTML named .jpg', bytes('<!doctype html>')],
  ['WAV, which is RIFF too', bytes('RIFF', 1, 2, 3, 4, 'WAVE')],
  ['nothing', bytes()],
])('%s is none of them', (_, head) => {
  expect(encodingOf(head)).toBeUndefined();
});
