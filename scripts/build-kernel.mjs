/**
 * Compiles the resize kernel, core/kernel/, into core/kernel-bytes.ts: `npm run kernel`. With --print it writes the
 * module to stdout and leaves the file alone.
 */
// @ts-check
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, must, root } from './run.mjs';

const folder = mkdtempSync(join(tmpdir(), 'twinlens-kernel-'));
const wasm = join(folder, 'kernel.wasm');
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

// Without a runtime the module has nothing that allocates; its one import is the memory.
await must('Compiling the kernel', [
  bin('assemblyscript', 'asc'),
  ...['core/kernel/kernel.ts', '--outFile', wasm],
  ...['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
  ...['--enable', 'simd', '--importMemory', '--noExportMemory'],
]);
const made = `/** Made by \`npm run kernel\` from core/kernel/: the WebAssembly module, base64. Not to be edited. */
export const KERNEL_BASE64 =
  '${readFileSync(wasm).toString('base64')}';
`;
if (process.argv.includes('--print')) process.stdout.write(made);
else writeFileSync(join(root, 'core/kernel-bytes.ts'), made);
