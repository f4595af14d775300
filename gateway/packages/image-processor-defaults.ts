/**
 * What the image processors of transformers do where their configuration is silent: the defaults of their `__init__`
 * (src/transformers/models/NAME/image_processing_NAME.py), and which one a model type has. Tables only.
 */

export type Dimensions = { readonly width: number; readonly height: number };
export type Size = { readonly shortestEdge: number } | Dimensions;

/** What a processor does where its configuration is silent (`__init__` of each). */
export interface Defaults {
  /** A single number means a square; else the short side. */
  readonly square: boolean;
  readonly size: Size;
  readonly resample: number;
  readonly crop?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** How `size` and `crop_pct` become a resize and a crop. */
  readonly rule?: 'convnext' | 'levit' | 'poolformer';
  readonly normalize?: false;
  readonly flip?: true;
}

const HALF = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const CLIP = { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] };
export const square = (side: number): Dimensions => ({ width: side, height: side });
export const NEAREST = 0;
export const BILINEAR = 2;
export const BICUBIC = 3;

export const PROCESSORS: Readonly<Record<string, Defaults>> = {
  ViT: { square: true, size: square(224), resample: BILINEAR, ...HALF },
  DeiT: { square: true, size: square(256), resample: BICUBIC, crop: 224, ...HALF },
  Beit: { square: true, size: square(256), resample: BICUBIC, crop: 224, ...HALF },
  Siglip: { square: true, size: square(224), resample: BICUBIC, ...HALF },
  EfficientNet: { square: true, size: square(346), resample: NEAREST, ...HALF },
  ConvNext: { square: false, size: { shortestEdge: 384 }, resample: BICUBIC, ...HALF, rule: 'convnext' },
  Bit: { square: false, size: { shortestEdge: 224 }, resample: BICUBIC, crop: 224, ...CLIP },
  CLIP: { square: false, size: { shortestEdge: 224 }, resample: BICUBIC, crop: 224, ...CLIP },
  Levit: { square: false, size: { shortestEdge: 224 }, resample: BICUBIC, crop: 224, ...IMAGENET, rule: 'levit' },
  PoolFormer: {
    square: false,
    size: { shortestEdge: 224 },
    resample: BICUBIC,
    crop: 224,
    ...IMAGENET,
    rule: 'poolformer',
  },
  MobileNetV1: { square: false, size: { shortestEdge: 256 }, resample: BILINEAR, crop: 224, ...HALF },
  MobileNetV2: { square: false, size: { shortestEdge: 256 }, resample: BILINEAR, crop: 224, ...HALF },
  MobileViT: {
    square: false,
    size: { shortestEdge: 224 },
    resample: BILINEAR,
    crop: 256,
    normalize: false,
    flip: true,
  },
};

/** Of configurations that name no processor, as AutoImageProcessor does (models/auto/image_processing_auto.py). */
export const BY_MODEL: Readonly<Record<string, string>> = {
  beit: 'Beit',
  bit: 'Bit',
  clip: 'CLIP',
  convnext: 'ConvNext',
  convnextv2: 'ConvNext',
  cvt: 'ConvNext',
  'data2vec-vision': 'Beit',
  deit: 'DeiT',
  dinat: 'ViT',
  dinov2: 'Bit',
  efficientnet: 'EfficientNet',
  focalnet: 'Bit',
  levit: 'Levit',
  mobilenet_v1: 'MobileNetV1',
  mobilenet_v2: 'MobileNetV2',
  mobilevit: 'MobileViT',
  mobilevitv2: 'MobileViT',
  nat: 'ViT',
  poolformer: 'PoolFormer',
  regnet: 'ConvNext',
  resnet: 'ConvNext',
  siglip: 'Siglip',
  swiftformer: 'ViT',
  swin: 'ViT',
  swinv2: 'ViT',
  van: 'ConvNext',
  vit: 'ViT',
  vit_msn: 'ViT',
};
