/** The pure part of choosing a backend: from what was found and measured to one choice with its reason. */
import { TwinlensError } from '../core/errors.ts';

export type Trial =
  | { readonly ok: true /** Median milliseconds of a run. */; readonly ms: number }
  | { readonly ok: false; readonly reason: string };

export interface Choice {
  readonly provider: 'wasm' | 'webgpu';
  /** In plain words, with the figures it rests on. */
  readonly reason: string;
}

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

/** The faster of those that gave the right answers. Throws ENGINE_FAILED when none did. */
export function chooseBackend(webgpu: Trial, wasm: Trial): Choice {
  if (webgpu.ok && wasm.ok) {
    const measured = `WebGPU ${ms(webgpu.ms)}, WebAssembly ${ms(wasm.ms)} a picture`;
    return webgpu.ms < wasm.ms
      ? { provider: 'webgpu', reason: `WebGPU is faster here: ${measured}` }
      : { provider: 'wasm', reason: `WebAssembly is as fast or faster here: ${measured}` };
  }
  if (webgpu.ok) return { provider: 'webgpu', reason: `WebAssembly does not work here (${failed(wasm)})` };
  if (wasm.ok) return { provider: 'wasm', reason: `WebGPU is not used: ${failed(webgpu)}` };
  throw new TwinlensError(
    'ENGINE_FAILED',
    `No way of running the model works on this device. WebGPU: ${failed(webgpu)}. WebAssembly: ${failed(wasm)}.`,
  );
}

const failed = (trial: Trial): string => (trial.ok ? 'it works' : trial.reason.replace(/[.\s]+$/, ''));
