/**
 * Writes `.br` and `.gz` beside every compressible file of the exported page, so that the gateway
 * never compresses while it serves. Compressed forms of large files are kept between builds.
 */
// @ts-check
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { filesBelow } from './fingerprint.mjs';
import { root } from './run.mjs';

const KINDS = new Set(['.html', '.js', '.mjs', '.css', '.json', '.svg', '.txt', '.wasm', '.webmanifest']);
/** Bytes; below it the headers weigh more than what is saved. */
const SMALLEST = 1024;
/** Bytes; above it brotli's best quality would take most of a minute for a few percent. */
const LARGE = 2 * 1024 * 1024;

const brotli = promisify(brotliCompress);
const deflate = promisify(gzip);

/** @param {Buffer} bytes */
async function compressed(bytes) {
  const kept = join(root, '.cache', 'compressed', createHash('sha256').update(bytes).digest('hex'));
  if (existsSync(`${kept}.br`) && existsSync(`${kept}.gz`)) {
    return { br: readFileSync(`${kept}.br`), gz: readFileSync(`${kept}.gz`) };
  }
  const quality = bytes.length > LARGE ? 9 : 11;
  const [br, gz] = await Promise.all([
    brotli(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: quality,
        [constants.BROTLI_PARAM_LGWIN]: 24,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
    deflate(bytes, { level: 9 }),
  ]);
  if (bytes.length > LARGE) {
    mkdirSync(join(root, '.cache', 'compressed'), { recursive: true });
    writeFileSync(`${kept}.br`, br);
    writeFileSync(`${kept}.gz`, gz);
  }
  return { br, gz };
}

/** @param {string} folder */
export async function compressFolder(folder) {
  const files = filesBelow(folder).filter((path) => KINDS.has(extname(path)));
  await Promise.all(
    files.map(async (path) => {
      const bytes = readFileSync(path);
      if (bytes.length < SMALLEST) return;
      const { br, gz } = await compressed(bytes);
      writeFileSync(`${path}.br`, br);
      writeFileSync(`${path}.gz`, gz);
    }),
  );
}
