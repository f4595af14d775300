import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IMAGE_ENCODINGS } from './engine.ts';
import { checkEncoding, ENCODINGS_IN_WORDS, SNIFF_BYTES, sniffEncoding } from './sniff.ts';

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const iso = (major: string, ...compatible: string[]): Uint8Array =>
  latin1(
    `\0\0\0${String.fromCharCode(16 + 4 * compatible.length)}ftyp${major}\0\0\0\0${compatible.join('')}\0\0\0\x08mdat`,
  );

test.each([
  ['JPEG', latin1('\xff\xd8\xff\xe0\0\x10JFIF'), 'jpeg'],
  ['PNG', latin1('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'), 'png'],
  ['WebP', latin1('RIFF\x10\0\0\0WEBPVP8 '), 'webp'],
  ['AVIF', iso('avif', 'mif1', 'miaf'), 'avif'],
  ['animated AVIF', iso('avis', 'msf1'), 'avif'],
  ['AVIF under a general brand', iso('mif1', 'miaf', 'avif'), 'avif'],
  ['HEIC', iso('heic', 'mif1'), undefined],
  ['HEIC under a general brand', iso('mif1', 'heic'), undefined],
  ['MP4', iso('isom', 'mp41'), undefined],
  ['sound in RIFF', latin1('RIFF\x10\0\0\0WAVEfmt '), undefined],
  ['GIF', latin1('GIF89a'), undefined],
  ['HTML', latin1('<!doctype html>'), undefined],
  ['nothing', latin1(''), undefined],
] as const)('%s is told by its first bytes', (_title, bytes, encoding) => {
  expect(sniffEncoding(bytes)).toBe(encoding);
});

test('a brand behind the end of the brand list does not count', () => {
  const bytes = latin1('\0\0\0\x14ftypisom\0\0\0\0mp41avif');
  expect(sniffEncoding(bytes)).toBeUndefined();
});

test('any bytes, however few, are told or not, and nothing is thrown', () => {
  const starts = fc.constantFrom('', '\xff\xd8', '\x89PNG', 'RIFF', '\0\0\0\x20ftyp', '\xff\xff\xff\xffftypmif1');
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 300 }), (start, rest) => {
      const found = sniffEncoding(Uint8Array.from([...latin1(start), ...rest]));
      expect(found === undefined || IMAGE_ENCODINGS.includes(found)).toBe(true);
    }),
  );
});

test('the words name every encoding', () => {
  expect(ENCODINGS_IN_WORDS).toBe('JPEG, PNG, WebP, AVIF');
});

test('no more than the first SNIFF_BYTES decide', () => {
  const brands = Array.from({ length: 80 }, () => 'mp41').join('');
  const long = latin1(`\0\0\x02\0ftypisom\0\0\0\0${brands}avif`);
  expect(sniffEncoding(long)).toBeUndefined();
  expect(sniffEncoding(iso('mif1', 'avif').subarray(0, SNIFF_BYTES))).toBe('avif');
});

test.each([
  ['an empty image', '', 'INVALID_ARGUMENT', /empty; send/],
  ['another format than announced', '\x89PNG\r\n\x1a\n', 'UNSUPPORTED_MEDIA', /jpeg.*png/],
  ['no picture', '<html>', 'UNSUPPORTED_MEDIA', /none of these; send/],
] as const)('%s is refused with what to send', (_title, text, code, message) => {
  expect(() => checkEncoding({ encoding: 'jpeg', data: latin1(text) })).toThrowError(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});
