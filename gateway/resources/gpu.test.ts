import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GpuMeter, parseGpus } from './gpu.ts';

test('the lines of nvidia-smi are GPUs with bytes; what a GPU does not tell counts as idle', () => {
  expect(parseGpus('0, 37, 1024, 81559\n1, [N/A], 0, 16384\n')).toEqual([
    { index: 0, utilisation: 0.37, usedBytes: 1024 ** 3, totalBytes: 81_559 * 1024 ** 2 },
    { index: 1, utilisation: 0, usedBytes: 0, totalBytes: 16 * 1024 ** 3 },
  ]);
  expect(parseGpus('No devices were found\n')).toBeUndefined();
});

test('a machine without the tool has no GPU; a tool that fails is asked again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'twinlens-gpu-'));
  const tool = join(folder, 'nvidia-smi');
  expect(await new GpuMeter(tool).read()).toBeUndefined();
  const script = (text: string) => {
    writeFileSync(tool, `#!/bin/sh\n${text}\n`);
    chmodSync(tool, 0o755);
  };
  script('exit 9');
  const meter = new GpuMeter(tool);
  expect(await meter.read()).toBeUndefined();
  script('echo "0, 5, 1, 2"');
  expect(await meter.read()).toHaveLength(1);
  rmSync(folder, { recursive: true });
});
