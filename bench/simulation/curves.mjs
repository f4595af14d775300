/** What a batch costs on which machine: milliseconds of one run by its images, and where the figures come from. */
// @ts-check

/**
 * @typedef {object} Machine
 * @property {string} name
 * @property {readonly (readonly [size: number, ms: number])[]} points ascending
 * @property {number} servers runs at the same time
 * @property {string} source
 */

const TRITON_RESNET =
  'github.com/NVIDIA/DeepLearningExamples, PyTorch/Classification/ConvNets/triton/resnet50/README.md, "Offline", ' +
  'ResNet-50 v1.5, ONNX Runtime with TensorRT, FP16, average latency by client batch size';

/** @type {Machine} */
const a100 = {
  name: 'A100',
  points: [
    [1, 2.128],
    [2, 2.194],
    [4, 2.759],
    [8, 3.895],
    [16, 5.793],
    [32, 11.193],
  ],
  servers: 1,
  source: `${TRITON_RESNET}, "NVIDIA DGX A100 (1x A100 80GB)"`,
};

/** @type {readonly Machine[]} */
export const machines = [
  {
    name: 'CPU',
    points: [
      [1, 5.52],
      [2, 10.28],
      [3, 15.6],
      [4, 21.5],
    ],
    servers: 2,
    source:
      'measured: the built-in model, fp32, ONNX Runtime on 2 cores of an AMD EPYC, two instances with a thread each that run at the same time, medians of 25 runs',
  },
  {
    name: 'T4',
    points: [
      [1, 3.003],
      [2, 3.998],
      [4, 5.747],
      [8, 8.998],
      [16, 15.113],
      [32, 28.353],
    ],
    servers: 1,
    source: `${TRITON_RESNET}, "NVIDIA T4"`,
  },
  a100,
  {
    // No table by batch size was found for it.
    name: 'H100',
    points: a100.points.map(([size, ms]) => [size, 1 + (ms - 1) / 2]),
    servers: 1,
    source: 'an assumption, not a measurement: of the A100’s time one millisecond stays, the rest is halved',
  },
];

/** @param {Machine} machine @param {number} size */
export function runMs({ points }, size) {
  const above = points.findIndex(([known]) => known >= size);
  const [high, low] = [points[above], points[above - 1]];
  if (!high) throw new RangeError(`There is no figure for ${size} images.`);
  if (!low || high[0] === size) return high[1];
  return low[1] + ((high[1] - low[1]) * (size - low[0])) / (high[0] - low[0]);
}

/** @param {Machine} machine */
export const largest = ({ points }) => points.at(-1)?.[0] ?? 1;

/** Images a millisecond, with the best size on all servers. @param {Machine} machine */
export function capacity(machine) {
  let best = 0;
  for (let size = 1; size <= largest(machine); size += 1) best = Math.max(best, size / runMs(machine, size));
  return best * machine.servers;
}
