/**
 * What must be the same for goldens that passed on WebAssembly to pass again: by its specification the same code computes
 * the same of the same bytes. Graphics drivers change unseen, so of WebGPU nothing follows.
 */
import type { Manifest, Variant } from '../core/manifest.ts';
import { sha256 } from './download.ts';
import { wasmThreads } from './ort.ts';

/** Names this worker's own scripts and, through their names, the runtime: a build puts a hash of the content into each. */
const code = (): string => self.location.href;

/** One key for one model (its files, goldens and preprocessing), this build's code, this browser and its threads. */
export function passedKey(manifest: Manifest, variant: Variant): Promise<string> {
  const all = [code(), navigator.userAgent, wasmThreads(), variant.name, JSON.stringify(manifest)];
  return sha256(new TextEncoder().encode(all.join('\n')));
}
