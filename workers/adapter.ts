/** What this browser offers for running a model. Probes only; creates no device and loads nothing. */
import { asTwinlensError } from '../core/errors.ts';
import { type Build, wasmThreads } from './ort.ts';

export interface AdapterReport {
  readonly available: boolean;
  /** A software adapter: right numbers, slower than WebAssembly. */
  readonly fallbackAdapter: boolean;
  readonly reason: string;
  /** Vendor and architecture, for remembering a measured choice. */
  readonly name: string;
}

const none = (reason: string): AdapterReport => ({ available: false, fallbackAdapter: false, reason, name: '' });

let probing: Promise<AdapterReport> | undefined;

/** Those who ask at the same time get one answer: the first time, the graphics process has to come up. */
export function probeAdapter(): Promise<AdapterReport> {
  probing ??= askForAdapter().finally(() => {
    probing = undefined;
  });
  return probing;
}

async function askForAdapter(): Promise<AdapterReport> {
  const gpu: GPU | undefined = Reflect.get(navigator, 'gpu');
  if (!gpu) return none('this browser has no WebGPU');
  try {
    // Some browsers have the interface and no adapter behind it.
    const adapter = await gpu.requestAdapter();
    if (!adapter) return none('this browser found no graphics adapter for WebGPU');
    const { vendor, architecture, isFallbackAdapter } = adapter.info;
    const name = [vendor, architecture].filter(Boolean).join(' ') || 'unnamed';
    return isFallbackAdapter
      ? { available: true, fallbackAdapter: true, reason: `only a software adapter (${name}) was found`, name }
      : { available: true, fallbackAdapter: false, reason: `adapter ${name}`, name };
  } catch (error) {
    return none(`asking for a graphics adapter failed (${asTwinlensError(error).message})`);
  }
}

/** The build that brings WebGPU here: the smaller one where the browser can suspend WebAssembly. */
export function webgpuBuild(): Build {
  return typeof WebAssembly === 'object' && 'Suspending' in WebAssembly ? 'jspi' : 'asyncify';
}

/** The smallest module with a SIMD instruction; ONNX Runtime's builds need SIMD. */
const SIMD_MODULE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

export function probeWasm(): { readonly available: boolean; readonly threads: number; readonly reason: string } {
  if (typeof WebAssembly !== 'object') {
    return { available: false, threads: 0, reason: 'this browser has no WebAssembly, or it is switched off' };
  }
  if (!WebAssembly.validate(SIMD_MODULE)) {
    return { available: false, threads: 0, reason: 'this browser has no WebAssembly SIMD; use a newer one' };
  }
  const threads = wasmThreads();
  const reason = crossOriginIsolated
    ? `${threads} threads`
    : 'one thread, because the page is not cross-origin isolated';
  return { available: true, threads, reason };
}
