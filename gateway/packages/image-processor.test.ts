import { describe, expect, test } from 'vitest';
import { readImageProcessor } from './image-processor.ts';

const read = (config: object, modelType?: string, channels: 1 | 3 = 3) =>
  readImageProcessor(config, { modelType, channels });
const half = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

describe("published configurations are read as transformers' image processors do", () => {
  test('ViT, an old one without a type: resized to the input, no crop', () => {
    const config = {
      do_normalize: true,
      do_resize: true,
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
      size: 224,
    };
    expect(read(config, 'vit')).toEqual({
      width: 224,
      height: 224,
      channels: 'RGB',
      resize: { rule: 'exact', filter: 'bilinear' },
      cropRounding: 'down',
      scale: 1 / 255,
      ...half,
    });
  });

  test('DeiT: resized to 256 x 256 whatever the proportions, then cropped', () => {
    const config = {
      feature_extractor_type: 'DeiTFeatureExtractor',
      size: 256,
      crop_size: 224,
      do_center_crop: true,
      resample: 3,
    };
    expect(read(config)).toMatchObject({
      width: 224,
      height: 224,
      resize: { rule: 'exact', to: { width: 256, height: 256 }, filter: 'bicubic' },
    });
  });

  test.each([
    [224, 0.875, { rule: 'shortest-edge', size: 256 }],
    [224, null, { rule: 'shortest-edge', size: 256 }],
    [224, 0.95, { rule: 'shortest-edge', size: 235 }],
    [288, 0.875, { rule: 'shortest-edge', size: 329 }],
    [384, 0.875, { rule: 'exact' }],
  ] as const)(
    'ConvNeXT of %i with crop_pct %s: the short side is size / crop_pct, from 384 on warped',
    (side, percent, resize) => {
      const config = {
        image_processor_type: 'ConvNextImageProcessor',
        size: { shortest_edge: side },
        crop_pct: percent,
      };
      expect(read(config)).toMatchObject({ width: side, height: side, resize: { ...resize, filter: 'bicubic' } });
    },
  );

  test('ResNet uses ConvNeXT of old: a single number is the short side', () => {
    expect(read({ size: 224, crop_pct: 0.875, resample: 3 }, 'resnet')).toMatchObject({
      width: 224,
      resize: { rule: 'shortest-edge', size: 256, filter: 'bicubic' },
    });
  });

  test('MobileNetV2: short side and crop', () => {
    const config = {
      image_processor_type: 'MobileNetV2ImageProcessor',
      size: { shortest_edge: 256 },
      crop_size: { height: 224, width: 224 },
      do_center_crop: true,
      rescale_factor: 0.00392156862745098,
      resample: 2,
    };
    expect(read(config)).toMatchObject({ ...half, width: 224, resize: { size: 256, filter: 'bilinear' } });
  });

  test('MobileViT: blue first, not normalised', () => {
    const config = {
      feature_extractor_type: 'MobileViTFeatureExtractor',
      size: { shortest_edge: 288 },
      crop_size: 256,
    };
    expect(read(config)).toMatchObject({
      channels: 'BGR',
      scale: 1 / 255,
      mean: [0, 0, 0],
      std: [1, 1, 1],
      width: 256,
    });
  });

  test('LeViT and PoolFormer bring the short side to more than they say', () => {
    const size = { shortest_edge: 224 };
    expect(read({ image_processor_type: 'LevitImageProcessor', size })).toMatchObject({ resize: { size: 256 } });
    const pool = { image_processor_type: 'PoolFormerImageProcessorFast', size, crop_pct: 0.9 };
    expect(read(pool)).toMatchObject({ width: 224, resize: { size: 248 } });
  });

  test('EfficientNet: an offset, and normalised twice with include_top', () => {
    const config = {
      image_processor_type: 'EfficientNetImageProcessor',
      size: { height: 260, width: 260 },
      resample: 3,
      rescale_factor: 1 / 127.5,
      rescale_offset: true,
      image_mean: [0.1, 0.2, 0.3],
      image_std: [0.5, 0.4, 0.2],
    };
    const { mean, std, scale } = read(config);
    const pixel = 200;
    const byHand = [0, 1, 2].map((at) => {
      const once = (pixel / 127.5 - 1 - (config.image_mean[at] ?? 0)) / (config.image_std[at] ?? 1);
      return once / (config.image_std[at] ?? 1);
    });
    for (const [at, expected] of byHand.entries()) {
      expect((pixel * scale - (mean[at] ?? 0)) / (std[at] ?? 1)).toBeCloseTo(expected, 10);
    }
    expect(read({ ...config, include_top: false }).std).toEqual(config.image_std);
  });

  test('without rescale and normalise, pixels stay as they are', () => {
    const config = { image_processor_type: 'ViTImageProcessor', do_rescale: false, do_normalize: false };
    expect(read(config)).toMatchObject({ scale: 1, mean: [0, 0, 0], std: [1, 1, 1] });
  });

  test('one gray channel takes single numbers', () => {
    const config = { image_processor_type: 'ViTImageProcessor', size: 28, image_mean: 0.1307, image_std: [0.3081] };
    expect(read(config, undefined, 1)).toMatchObject({ channels: 'L', mean: [0.1307], std: [0.3081] });
  });
});

describe('what can not be done exactly is refused with its reason', () => {
  const vit = { image_processor_type: 'ViTImageProcessor' };
  test.each([
    [
      'an unknown processor',
      { image_processor_type: 'TimmWrapperImageProcessor' },
      /TimmWrapperImageProcessor is not known/,
    ],
    ['no processor at all', {}, /unnamed model type/],
    ['the name of a property of objects', { image_processor_type: 'constructorImageProcessor' }, /not known/],
    ['nearest', { ...vit, resample: 0 }, /nearest/],
    ['EfficientNet as published', { image_processor_type: 'EfficientNetImageProcessor' }, /nearest/],
    ['a box filter', { ...vit, resample: 4 }, /box/],
    ['no resize', { ...vit, do_resize: false }, /do_resize/],
    ['padding', { ...vit, do_pad: true }, /do_pad is not done/],
    [
      'a crop larger than the short side',
      { image_processor_type: 'CLIPImageProcessor', size: 200 },
      /larger than the short side/,
    ],
    [
      'a crop larger than the picture',
      { image_processor_type: 'DeiTImageProcessor', size: 200 },
      /larger than the picture/,
    ],
    [
      'no crop of a short side',
      { image_processor_type: 'CLIPImageProcessor', do_center_crop: false },
      /without a crop/,
    ],
    ['an offset by another factor', { ...vit, rescale_offset: true }, /rescale_offset/],
    ['flipped and normalised', { ...vit, do_flip_channel_order: true }, /do_flip_channel_order/],
    ['a crop_pct where none is known', { ...vit, crop_pct: 0.9 }, /crop_pct/],
    ['two means for three channels', { ...vit, image_mean: [0.5, 0.5] }, /2 numbers, but the model has 3/],
    ['a deviation of 0', { ...vit, image_std: 0 }, /above 0/],
    ['a size with a longest edge', { ...vit, size: { shortest_edge: 1, longest_edge: 2 } }, /size/],
    ['an absurd size', { ...vit, size: 1e9 }, /size/],
    ['no object', [], /preprocessor_config.json/],
  ])('%s', (_title, config, why) => {
    expect(() => read(config)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => read(config)).toThrow(why);
  });

  test('colours for a gray model without its own numbers', () => {
    expect(() => read(vit, undefined, 1)).toThrow(/image_mean is missing/);
  });
});
