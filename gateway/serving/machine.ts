/** What a measurement of a model depends on besides the model: this machine as far as the gateway may use it, and ONNX Runtime. */
import { createRequire } from 'node:module';
import { cpus } from 'node:os';

function runtimeVersion(): string {
  const { version }: { version?: unknown } = createRequire(import.meta.url)('onnxruntime-node/package.json');
  return typeof version === 'string' ? version : 'unknown';
}

/** Equal where measurements hold. @param most instances that memory has room for */
export function describeMachine(cores: number, most: number): string {
  const processor = cpus()[0]?.model ?? 'unknown processor';
  return `${cores} x ${processor}, room for ${most} instances, ONNX Runtime ${runtimeVersion()}`;
}
