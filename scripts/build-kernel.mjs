/**
 * Compiles the kernels, core/kernel/ (resize) and core/jpeg-kernel/ (JPEG), into core/*-bytes.ts: `npm run kernel`.
 * With --print it writes them to stdout and leaves the files alone.
 */
// @ts-check
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, must, root } from './run.mjs';

const KERNELS = [
  { folder: 'core/kernel/', entry: 'kernel.ts', made: 'core/kernel-bytes.ts', name: 'KERNEL_BASE64' },
  { folder: 'core/jpeg-kernel/', entry: 'scan.ts', made: 'core/jpeg-kernel-bytes.ts', name: 'JPEG_KERNEL_BASE64' },
];

const scratch = mkdtempSync(join(tmpdir(), 'twinlens-kernel-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));

for (const { folder, entry, made, name } of KERNELS) {
  const wasm = join(scratch, `${name}.wasm`);
  // Without a runtime the module has nothing that allocates; its one import is the memory.
  await must(`Compiling ${folder}`, [
    bin('assemblyscript', 'asc'),
    ...[`${folder}${entry}`, '--outFile', wasm],
    ...['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
    ...['--enable', 'simd', '--importMemory', '--noExportMemory'],
    // Vectors cross between our own files, and never the module's border.
    ...['--disableWarning', '112'],
  ]);
  const text = `/** Made by \`npm run kernel\` from ${folder}: the WebAssembly module, base64. Not to be edited. */
export const ${name} =
  '${readFileSync(wasm).toString('base64')}';
`;
  if (process.argv.includes('--print')) process.stdout.write(text);
  else writeFileSync(join(root, made), text);
}
