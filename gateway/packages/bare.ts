/** A bare `.onnx` file with hints: what nothing in the file says. */
import type { ImportHints } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { findClassNames } from './class-names.ts';
import { type Draft, naming } from './draft.ts';
import type { Material } from './material.ts';
import { presetFor } from './preprocessing.ts';

/** Pixels a side where the graph takes any: what the presets' models were trained with. */
const USUAL_SIDE = 224;

/** Throws INVALID_ARGUMENT when the hints and the files beside it don't say enough. */
export async function readBare(
  file: string,
  material: Material,
  stem: string,
  hints: ImportHints,
  imagenetNames: string,
): Promise<Draft> {
  const classNames = await findClassNames(hints, material, imagenetNames);
  if (!classNames) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      'A bare .onnx file has no class names: choose imagenet-1k, give a list, or put a classes.json or labels.txt beside it in an archive.',
    );
  }
  return {
    ...naming(hints, stem, undefined),
    variants: [{ name: undefined, file }],
    classNames,
    what: `A bare ONNX file, ${hints.preset === undefined ? 'without a preset' : `preset ${hints.preset}`}`,
    prepare(graph) {
      const channels = graph.channels ?? 3;
      const width = graph.width ?? graph.height ?? USUAL_SIDE;
      const height = graph.height ?? width;
      const preprocessing = presetFor(hints.preset, { width, height, channels });
      const free = graph.width === undefined && graph.height === undefined;
      const notes = [
        ...(free ? [`the graph takes any size, so it is run with the usual ${USUAL_SIDE}`] : []),
        ...(channels === 1 && (hints.preset ?? 'torchvision') === 'torchvision' ? ['gray values are 0 to 1'] : []),
        ...(channels === 1 && hints.preset === 'caffe' ? ['gray values are 0 to 255'] : []),
      ];
      return { preprocessing, note: notes.join('; ') };
    },
  };
}
