/** What must happen to a picture before a model: the part of a manifest's input that no graph tells. Presets. Pure. */
import type { Preset } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { InputSpec } from '../../core/manifest.ts';

export type Preprocessing = Pick<
  InputSpec,
  'width' | 'height' | 'channels' | 'resize' | 'cropRounding' | 'scale' | 'mean' | 'std'
>;

export interface GraphSize {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

type Colours = Pick<InputSpec, 'channels' | 'scale' | 'mean' | 'std'>;

const PRESETS: Readonly<Record<Preset, Colours>> = {
  torchvision: { channels: 'RGB', scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  tensorflow: { channels: 'RGB', scale: 1 / 127.5, mean: [1, 1, 1], std: [1, 1, 1] },
  caffe: { channels: 'BGR', scale: 1, mean: [103.939, 116.779, 123.68], std: [1, 1, 1] },
  'efficientnet-lite': { channels: 'RGB', scale: 1, mean: [127, 127, 127], std: [128, 128, 128] },
};

/** One gray channel. The means of torchvision and Caffe are those of colours: only their range is left. */
const GRAY: Readonly<Record<Preset, Colours>> = {
  torchvision: { channels: 'L', scale: 1 / 255, mean: [0], std: [1] },
  tensorflow: { channels: 'L', scale: 1 / 127.5, mean: [1], std: [1] },
  caffe: { channels: 'L', scale: 1, mean: [0], std: [1] },
  'efficientnet-lite': { channels: 'L', scale: 1, mean: [127], std: [128] },
};

/** 256 for 224, and in proportion. */
const shortSide = (size: number): number => Math.round((size * 256) / 224);

/**
 * What a bare graph needs by convention. Colours: short side to 256 for 224, centre crop; gray: resized as it is.
 * Throws INVALID_ARGUMENT when colours come without a preset: nothing in a graph tells their range.
 */
export function presetFor(preset: Preset | undefined, { width, height, channels }: GraphSize): Preprocessing {
  if (channels === 1) {
    return { width, height, ...GRAY[preset ?? 'torchvision'], resize: { rule: 'exact', filter: 'bilinear' } };
  }
  if (preset === undefined) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `A bare .onnx file doesn't say how pictures are prepared; choose a preset: ${Object.keys(PRESETS).join(', ')}.`,
    );
  }
  const size = shortSide(Math.max(width, height));
  return { width, height, ...PRESETS[preset], resize: { rule: 'shortest-edge', size, filter: 'bilinear' } };
}

/** In words, for the report. */
export function describePreprocessing({ width, height, channels, resize }: Preprocessing): string {
  const to =
    resize.rule === 'shortest-edge'
      ? `short side to ${resize.size}`
      : `resized to ${resize.to?.width ?? width} x ${resize.to?.height ?? height}`;
  return `${channels === 'L' ? 'gray' : channels} ${width} x ${height}, ${to} (${resize.filter})`;
}
