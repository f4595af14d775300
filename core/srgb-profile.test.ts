import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodeImage } from '../gateway/instances/decode.ts';
import { readJpegHeader } from './jpeg-header.ts';
import { isSrgbProfile } from './srgb-profile.ts';

const noise = Buffer.from(Uint8Array.from({ length: 64 * 48 * 3 }, (_, at) => (at * 7919) % 251));
const picture = () => sharp(noise, { raw: { width: 64, height: 48, channels: 3 } });

/** A JPEG in the colours of one of libvips' own profiles. */
const jpeg = (profile: string): Promise<Buffer> => picture().withIccProfile(profile).jpeg().toBuffer();

async function profileOf(file: Promise<Buffer>): Promise<Uint8Array> {
  const profile = readJpegHeader(await file)?.profile;
  if (!profile) throw new Error('The picture has no profile.');
  return profile;
}

test('the profile of sRGB is known as it, that of Display P3 is not', async () => {
  expect(isSrgbProfile(await profileOf(jpeg('srgb')))).toBe(true);
  expect(isSrgbProfile(await profileOf(jpeg('p3')))).toBe(false);
});

test('another primary, curve or kind of colours makes it another profile', async () => {
  const profile = await profileOf(jpeg('srgb'));
  const changed = (at: number, value: number) => {
    const copy = Uint8Array.from(profile);
    copy[at] = value;
    return isSrgbProfile(copy);
  };
  /** Offset of what the tag table says of a name. */
  const offsetOf = (name: string) => {
    const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
    for (let at = 132; ; at += 12) {
      if (Buffer.from(profile.subarray(at, at + 4)).toString('latin1') === name) return view.getUint32(at + 4);
    }
  };
  expect(changed(offsetOf('rXYZ') + 10, 0)).toBe(false);
  expect(changed(offsetOf('gTRC') + 14, 0)).toBe(false);
  expect(changed(16, 'C'.charCodeAt(0))).toBe(false);
});

test('a picture that is in sRGB already decodes to the same pixels as by the conversion, to one level', async () => {
  const file = await jpeg('srgb');
  const { data } = await decodeImage({ encoding: 'jpeg', data: file }, 64 * 48);
  const converted = await sharp(file).toColourspace('srgb').raw().toBuffer();
  expect(Math.max(...converted.map((value, at) => Math.abs(value - (data[at] ?? 256))))).toBeLessThanOrEqual(1);
});

test('a picture in other colours is converted', async () => {
  const file = await jpeg('p3');
  const { data } = await decodeImage({ encoding: 'jpeg', data: file }, 64 * 48);
  expect(Buffer.from(data)).toEqual(await sharp(file).toColourspace('srgb').raw().toBuffer());
  expect(Buffer.from(data)).not.toEqual(await sharp(file, { ignoreIcc: true }).raw().toBuffer());
});

test('any bytes are some other profile, and nothing throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(isSrgbProfile(bytes)).toBe(false);
      expect(isSrgbProfile(Uint8Array.of(...new Uint8Array(128), 0, 0, 0, 3, ...bytes))).toBe(false);
    }),
  );
});
