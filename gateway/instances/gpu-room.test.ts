import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { GpuMeter } from '../resources/index.ts';
import { checkGpuRoom } from './gpu-room.ts';

const folder = mkdtempSync(join(tmpdir(), 'twinlens-gpu-room-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A machine whose GPU has `used` of 1000 MiB in use. */
function meter(used: number): GpuMeter {
  const tool = join(folder, `nvidia-smi-${used}`);
  writeFileSync(tool, `#!/bin/sh\necho "0, 50, ${used}, 1000"\n`);
  chmodSync(tool, 0o755);
  return new GpuMeter(tool);
}

test('no session is made on a GPU whose memory is used up to the limit, and the reason names both', async () => {
  await expect(checkGpuRoom('cuda', 90, meter(899))).resolves.toBeUndefined();
  await expect(checkGpuRoom('cuda', 90, meter(900))).rejects.toMatchObject({
    code: 'ENGINE_FAILED',
    message: expect.stringMatching(/^90 % of the memory of GPU 0 is in use, and from 90 %/),
  });
  await expect(checkGpuRoom('tensorrt', 90, meter(900))).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
});

test('a full GPU is nothing to the CPU, nor where no limit is set or nobody can tell its use', async () => {
  await expect(checkGpuRoom('cpu', 90, meter(1000))).resolves.toBeUndefined();
  await expect(checkGpuRoom('cuda', 0, meter(1000))).resolves.toBeUndefined();
  await expect(checkGpuRoom('cuda', 90, new GpuMeter(join(folder, 'absent')))).resolves.toBeUndefined();
});
