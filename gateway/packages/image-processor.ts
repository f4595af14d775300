/**
 * Hugging Face's `preprocessor_config.json` as a manifest's preprocessing. Follows the image processors of
 * transformers that use Pillow (src/transformers/models/NAME/image_processing_NAME.py and image_transforms.py):
 * their resize is Pillow's, the long side is truncated, the crop's offset is rounded down. What they do and a
 * manifest can't say exactly is refused with its reason, never approximated. Pure.
 */
import { z } from 'zod';
import { TwinlensError } from '../../core/errors.ts';
import type { Filter, InputSpec } from '../../core/manifest.ts';
import { describeMistakes } from '../../core/mistakes.ts';
import {
  BICUBIC,
  BILINEAR,
  BY_MODEL,
  type Defaults,
  type Dimensions,
  NEAREST,
  PROCESSORS,
  type Size,
  square,
} from './image-processor-defaults.ts';
import type { Preprocessing } from './preprocessing.ts';

const number = z.number();
const side = z.int().min(1).max(8192);
const sizeSchema = z.union([
  side,
  z.tuple([side, side]),
  z.strictObject({ height: side, width: side }),
  z.strictObject({ shortest_edge: side }),
]);
const flag = z.boolean().nullish();
const perChannel = z.union([number, z.array(number).min(1).max(3)]).nullish();

const configurationSchema = z.looseObject({
  image_processor_type: z.string().nullish(),
  feature_extractor_type: z.string().nullish(),
  do_resize: flag,
  size: sizeSchema.nullish(),
  resample: z.int().nullish(),
  crop_pct: z.number().positive().max(1).nullish(),
  do_center_crop: flag,
  crop_size: sizeSchema.nullish(),
  do_rescale: flag,
  rescale_factor: z.number().positive().nullish(),
  rescale_offset: flag,
  do_normalize: flag,
  image_mean: perChannel,
  image_std: perChannel,
  include_top: flag,
  do_flip_channel_order: flag,
});
type Configuration = z.infer<typeof configurationSchema>;

/** Steps that are done anyway, or that touch no picture of a classifier. */
const HARMLESS = ['do_convert_rgb', 'do_reduce_labels', 'do_resize', 'do_center_crop', 'do_rescale', 'do_normalize'];

const bad = (message: string) => new TwinlensError('INVALID_ARGUMENT', `preprocessor_config.json: ${message}`);

function defaultsOf(config: Configuration, modelType: string | undefined): { name: string; defaults: Defaults } {
  const said = config.image_processor_type ?? config.feature_extractor_type ?? undefined;
  const name =
    said?.replace(/Fast$/, '').replace(/(?:ImageProcessor|FeatureExtractor)$/, '') ?? BY_MODEL[modelType ?? ''];
  const defaults = name !== undefined && Object.hasOwn(PROCESSORS, name) ? PROCESSORS[name] : undefined;
  if (name !== undefined && defaults) return { name, defaults };
  throw bad(
    `${said ?? `the processor of ${modelType ?? 'an unnamed model type'}`} is not known here; hand in the bare .onnx file with a preset if one fits. Known: ${Object.keys(PROCESSORS).join(', ')}.`,
  );
}

function readSize(size: z.infer<typeof sizeSchema>, isSquare: boolean): Size {
  if (typeof size === 'number') return isSquare ? square(size) : { shortestEdge: size };
  if (Array.isArray(size)) return { height: size[0], width: size[1] };
  return 'shortest_edge' in size ? { shortestEdge: size.shortest_edge } : size;
}

function readFilter(resample: number): Filter {
  switch (resample) {
    case 1:
      return 'lanczos';
    case BILINEAR:
      return 'bilinear';
    case BICUBIC:
      return 'bicubic';
    default:
      throw bad(
        `resample ${resample} (${resample === NEAREST ? 'nearest' : 'box or hamming'}) is not done here; bilinear (2), bicubic (3) and lanczos (1) are.`,
      );
  }
}

interface Geometry extends Dimensions {
  readonly resize: InputSpec['resize'];
}

function cropped(size: Size, crop: Size | undefined, filter: Filter): Geometry {
  if ('shortestEdge' in size) {
    const { shortestEdge } = size;
    if (!crop)
      throw bad('without a crop, the size of the picture would depend on its proportions; no model takes that.');
    if ('shortestEdge' in crop) throw bad('crop_size needs a height and a width.');
    if (Math.max(crop.width, crop.height) > shortestEdge) {
      throw bad(
        `the crop of ${crop.width} x ${crop.height} is larger than the short side of ${shortestEdge}; the versions of transformers pad it differently.`,
      );
    }
    return { ...crop, resize: { rule: 'shortest-edge', size: shortestEdge, filter } };
  }
  if (!crop) return { ...size, resize: { rule: 'exact', filter } };
  if ('shortestEdge' in crop) throw bad('crop_size needs a height and a width.');
  if (crop.width > size.width || crop.height > size.height) {
    throw bad(
      `the crop of ${crop.width} x ${crop.height} is larger than the picture of ${size.width} x ${size.height}.`,
    );
  }
  return { ...crop, resize: { rule: 'exact', to: size, filter } };
}

/** From this size on ConvNeXT warps the picture instead of cropping it. */
const CONVNEXT_WARPS_FROM = 384;

function geometryOf(config: Configuration, defaults: Defaults): Geometry {
  if (config.do_resize === false) throw bad('do_resize is false; a model of one input size needs the resize.');
  const filter = readFilter(config.resample ?? defaults.resample);
  const size = config.size ? readSize(config.size, defaults.square) : defaults.size;
  const cropDefault = defaults.crop === undefined ? undefined : square(defaults.crop);
  const cropSize = config.crop_size ? readSize(config.crop_size, true) : cropDefault;
  const crop = (config.do_center_crop ?? defaults.crop !== undefined) ? cropSize : undefined;
  const percent = config.crop_pct ?? undefined;
  switch (defaults.rule) {
    case 'convnext': {
      if (!('shortestEdge' in size)) throw bad('size needs a shortest_edge.');
      const edge = size.shortestEdge;
      if (edge >= CONVNEXT_WARPS_FROM) return cropped(square(edge), undefined, filter);
      return cropped({ shortestEdge: Math.trunc(edge / (percent ?? 224 / 256)) }, square(edge), filter);
    }
    case 'levit':
      if (!('shortestEdge' in size)) return cropped(size, crop, filter);
      return cropped({ shortestEdge: Math.trunc((256 / 224) * size.shortestEdge) }, crop, filter);
    case 'poolformer': {
      // An explicit null means no crop_pct; a missing one is 0.9.
      const by = config.crop_pct === undefined ? 0.9 : percent;
      if (by === undefined) return cropped(size, crop, filter);
      if ('shortestEdge' in size) return cropped({ shortestEdge: Math.trunc(size.shortestEdge / by) }, crop, filter);
      const [width, height] = [Math.trunc(size.width / by), Math.trunc(size.height / by)];
      return cropped(width === height ? { shortestEdge: width } : { width, height }, crop, filter);
    }
    case undefined:
      if (percent !== undefined) throw bad('crop_pct is not known for this processor.');
      return cropped(size, crop, filter);
    default: {
      const impossible: never = defaults.rule;
      throw new TwinlensError('INTERNAL', `No rule ${String(impossible)}.`);
    }
  }
}

function spread(value: number | readonly number[], count: number, what: string): number[] {
  const values = typeof value === 'number' ? Array.from({ length: count }, () => value) : [...value];
  if (values.length !== count) throw bad(`${what} has ${values.length} numbers, but the model has ${count} channels.`);
  return values;
}

/** (pixel * scale - mean) / std, from up to three steps of the processor. */
function numbersOf(config: Configuration, name: string, defaults: Defaults, count: 1 | 3) {
  const scale = config.do_rescale === false ? 1 : (config.rescale_factor ?? 1 / 255);
  const normalize = config.do_normalize ?? defaults.normalize ?? true;
  const gray = (values: readonly number[] | undefined) => (count === 1 ? undefined : values);
  const need = (value: number | readonly number[] | null | undefined, what: string) => {
    if (value === null || value === undefined) throw bad(`${what} is missing.`);
    return spread(value, count, what);
  };
  const mean = normalize ? need(config.image_mean ?? gray(defaults.mean), 'image_mean') : spread(0, count, 'mean');
  let std = normalize ? need(config.image_std ?? gray(defaults.std), 'image_std') : spread(1, count, 'std');
  let offset = 0;
  if (config.rescale_offset) {
    // Older versions take (pixel - 127.5) * factor, newer ones pixel * factor - 1: the same for one factor only.
    if (Math.abs(scale * 127.5 - 1) > 1e-6)
      throw bad('rescale_offset is done with a rescale_factor of 1 / 127.5 only.');
    offset = 1;
  }
  if (name === 'EfficientNet' && config.include_top !== false) {
    // Normalised once more, with a mean of 0.
    const again = need(config.image_std ?? gray(defaults.std), 'image_std');
    std = std.map((value, at) => value * (again[at] ?? 1));
  }
  return { scale, mean: mean.map((value) => value + offset), std };
}

/**
 * Reads the configuration. Throws INVALID_ARGUMENT for what it can't honour.
 * @param modelType of config.json, for configurations that name no processor
 */
export function readImageProcessor(
  value: unknown,
  model: { readonly modelType: string | undefined; readonly channels: 1 | 3 },
): Preprocessing {
  const parsed = configurationSchema.safeParse(value);
  if (!parsed.success) throw bad(describeMistakes(parsed.error, 'the file'));
  const config = parsed.data;
  const { name, defaults } = defaultsOf(config, model.modelType);
  const unknown = Object.entries(config).filter(
    ([key, set]) => key.startsWith('do_') && set === true && !HARMLESS.includes(key) && key !== 'do_flip_channel_order',
  );
  if (unknown.length > 0) throw bad(`${unknown.map(([key]) => key).join(', ')} is not done here.`);
  const flip = config.do_flip_channel_order ?? defaults.flip ?? false;
  const normalized = config.do_normalize ?? defaults.normalize ?? true;
  if (flip && (normalized || model.channels === 1)) {
    throw bad('do_flip_channel_order is done for three channels that are not normalised only.');
  }
  const { scale, mean, std } = numbersOf(config, name, defaults, model.channels);
  if (std.some((value) => value <= 0)) throw bad('image_std must be above 0.');
  const channels = model.channels === 1 ? 'L' : flip ? 'BGR' : 'RGB';
  return { ...geometryOf(config, defaults), cropRounding: 'down', channels, scale, mean, std };
}
