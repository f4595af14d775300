/**
 * What NVIDIA's own tool tells of the GPUs. Asks without blocking and with a deadline; a machine without the tool is
 * asked once.
 */
import { execFile } from 'node:child_process';

export interface GpuUse {
  /** As nvidia-smi numbers them. */
  readonly index: number;
  /** 0 to 1. */
  readonly utilisation: number;
  readonly usedBytes: number;
  readonly totalBytes: number;
}

const DEADLINE_MS = 2000;
const MIB = 1024 ** 2;
const QUERY = ['--query-gpu=index,utilization.gpu,memory.used,memory.total', '--format=csv,noheader,nounits'];

export class GpuMeter {
  readonly #tool: string;
  #absent = false;

  constructor(tool = 'nvidia-smi') {
    this.#tool = tool;
  }

  /** Undefined where there is no GPU or it doesn't answer. */
  async read(): Promise<readonly GpuUse[] | undefined> {
    if (this.#absent) return undefined;
    const text = await new Promise<string | undefined>((resolve) => {
      execFile(this.#tool, QUERY, { timeout: DEADLINE_MS, killSignal: 'SIGKILL' }, (error, stdout) => {
        if (error && 'code' in error && error.code === 'ENOENT') this.#absent = true;
        resolve(error ? undefined : stdout);
      });
    });
    return text === undefined ? undefined : parseGpus(text);
  }
}

/** Lines such as "0, 37, 1024, 81559"; a GPU that doesn't tell its use ("[N/A]") counts as idle. */
export function parseGpus(text: string): readonly GpuUse[] | undefined {
  const gpus = text.split('\n').flatMap((line) => {
    const fields = line.split(',').map((field) => field.trim());
    const [index, busy, used, total] = fields.map((field) => (/^\d+$/.test(field) ? Number(field) : undefined));
    if (index === undefined || used === undefined || total === undefined) return [];
    return [{ index, utilisation: (busy ?? 0) / 100, usedBytes: used * MIB, totalBytes: total * MIB }];
  });
  return gpus.length > 0 ? gpus : undefined;
}
