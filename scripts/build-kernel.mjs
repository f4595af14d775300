/** Compiles the resize kernel, core/kernel/, into core/kernel-bytes.ts: `npm run kernel`. */
// @ts-check
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bin, root, run } from './run.mjs';

/** Where the result is kept, for the product and for review. */
export const KERNEL_MODULE = join(root, 'core/kernel-bytes.ts');

/**
 * The text of core/kernel-bytes.ts as the compiler makes it now. Without a runtime the module has no memory of its
 * own, no imports but that, and nothing that allocates.
 */
export async function compileKernel() {
  mkdirSync(join(root, '.cache'), { recursive: true });
  const out = join(root, '.cache/kernel.wasm');
  const code = await run(process.execPath, [
    bin('assemblyscript', 'asc'),
    ...['core/kernel/kernel.ts', '--outFile', out],
    ...['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
    ...['--enable', 'simd', '--importMemory', '--noExportMemory'],
  ]);
  if (code !== 0) throw new Error(`The kernel does not compile (exit code ${code}); the reason stands above.`);
  return `/** Made by \`npm run kernel\` from core/kernel/: the WebAssembly module, base64. Not to be edited. */
export const KERNEL_BASE64 =
  '${readFileSync(out).toString('base64')}';
`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(KERNEL_MODULE, await compileKernel());
}
