/**
 * What the header of a JPEG says, read without a decoder: size, components, EXIF orientation and ICC profile
 * (ITU-T T.81 Annex B; Exif 2.3, 4.6; ICC.1:2010 Annex B.4). Knows nothing of pixels.
 */
import { jpegSegments, startsWith } from './jpeg-segments.ts';

export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** 1: gray. 3: colours. 4: CMYK. */
  readonly components: number;
  /** 1 (upright) to 8, as EXIF numbers them; 1 where it says nothing. */
  readonly orientation: number;
  /** The colour profile's bytes; undefined: none. */
  readonly profile: Uint8Array | undefined;
}

const EXIF = 'Exif\0\0';
const ICC = 'ICC_PROFILE\0';
const ORIENTATION_TAG = 0x0112;

const APP1 = 0xe1;
const APP2 = 0xe2;

/** Start of frame: baseline, progressive and so on, without the markers DHT, JPG and DAC between them. */
const isStartOfFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** The first image's orientation; undefined where the block makes no sense. */
function orientationOf(exif: Uint8Array): number | undefined {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  if (view.byteLength < 8) return undefined;
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > view.byteLength) return undefined;
  const entries = view.getUint16(directory, little);
  for (let entry = 0; entry < entries; entry += 1) {
    const at = directory + 2 + entry * 12;
    if (at + 12 > view.byteLength) return undefined;
    if (view.getUint16(at, little) !== ORIENTATION_TAG) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return 1;
}

/** Chunks that are numbered from 1 and all there, as one; undefined where they are not. */
function joined(chunks: ReadonlyMap<number, Uint8Array>): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (let number = 1; number <= chunks.size; number += 1) {
    const part = chunks.get(number);
    if (!part) return undefined;
    parts.push(part);
  }
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * @param bytes the file, or enough of its start to hold the frame's header
 * Undefined when it isn't there, or says what can't be read with certainty: whoever decodes the file judges then.
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  let orientation: number | undefined = 1;
  let exifs = 0;
  const chunks = new Map<number, Uint8Array>();
  for (const { marker, body } of jpegSegments(bytes)) {
    if (isStartOfFrame(marker)) {
      // What has two EXIF blocks, or more than 8 bits a sample, is read in its own way by each decoder.
      if (body.length < 6 || body[0] !== 8 || orientation === undefined || exifs > 1) return undefined;
      const profile = chunks.size === 0 ? undefined : joined(chunks);
      if (chunks.size > 0 && !profile) return undefined;
      const [, high = 0, low = 0, wideHigh = 0, wideLow = 0, components = 0] = body;
      return { width: (wideHigh << 8) | wideLow, height: (high << 8) | low, components, orientation, profile };
    }
    if (marker === APP1 && startsWith(body, EXIF)) {
      exifs += 1;
      orientation = orientationOf(body.subarray(EXIF.length));
    }
    if (marker === APP2 && startsWith(body, ICC)) chunks.set(body[ICC.length] ?? 0, body.subarray(ICC.length + 2));
  }
  return undefined;
}
