/**
 * Whether a GPU has room for one more session. ONNX Runtime's own limit (`gpu_mem_limit`) can't be set through
 * onnxruntime-node, and its arena never shrinks: what is full stays full until a version is unloaded, so the one
 * moment to say no is before a session is made. Knows no session.
 */
import type { GatewayProvider } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import { GpuMeter } from '../resources/index.ts';

/** Sessions of these are made on the first GPU that the process sees. */
const NVIDIA: readonly GatewayProvider[] = ['cuda', 'tensorrt'];

/**
 * Throws ENGINE_FAILED when more than `percent` of the GPU's memory is in use; where nvidia-smi doesn't answer, ONNX
 * Runtime itself will say what is wrong.
 * @param percent 0: none is too much
 */
export async function checkGpuRoom(provider: GatewayProvider, percent: number, meter = new GpuMeter()): Promise<void> {
  if (percent === 0 || !NVIDIA.includes(provider)) return;
  const gpu = (await meter.read())?.[0];
  if (!gpu) return;
  const used = (gpu.usedBytes / gpu.totalBytes) * 100;
  if (used < percent) return;
  throw new TwinlensError(
    'ENGINE_FAILED',
    `${Math.floor(used)} % of the memory of GPU ${gpu.index} is in use, and from ${percent} % on no session is made on it; unload a version, or run fewer instances`,
  );
}
