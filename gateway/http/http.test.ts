import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sniffEncoding } from '../../core/sniff.ts';
import { describeBytes } from './describe.ts';
import { parseRange } from './files.ts';
import { contentSecurityPolicy, findPage, inlineScriptHashes, readPage } from './page.ts';

const image = (file: string) => readFileSync(new URL(`../../test/fixtures/images/${file}`, import.meta.url));

describe('a picture is told by its bytes', () => {
  test.each([
    ['444.jpg', 'jpeg'],
    ['rgb.png', 'png'],
    ['lossless.webp', 'webp'],
    ['picture.avif', 'avif'],
    ['animated.gif', undefined],
    ['page.jpg', undefined],
    ['empty.jpg', undefined],
    ['noise.bin', undefined],
  ])('%s is %s', (file, encoding) => {
    expect(sniffEncoding(image(file))).toBe(encoding);
  });

  test('every prefix of a picture is told or not, without a failure', () => {
    for (const file of ['picture.avif', 'lossless.webp', 'rgb.png']) {
      const bytes = image(file);
      for (let length = 0; length < 40; length += 1)
        expect(() => sniffEncoding(bytes.subarray(0, length))).not.toThrow();
    }
  });

  test('HEIF is not AVIF', () => {
    expect(sniffEncoding(Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'))).toBeUndefined();
    expect(sniffEncoding(Buffer.from('\0\0\0\x18ftypmif1\0\0\0\0mif1avif', 'latin1'))).toBe('avif');
  });

  test('what is refused is named', () => {
    expect(describeBytes(image('page.jpg'))).toBe('an HTML page');
    expect(describeBytes(image('animated.gif'))).toBe('a GIF');
  });
});

describe('ranges (RFC 9110, 14.1)', () => {
  test.each<[string | undefined, ReturnType<typeof parseRange>]>([
    [undefined, 'all'],
    ['bytes=0-9', { start: 0, end: 9 }],
    ['bytes=90-', { start: 90, end: 99 }],
    ['bytes=90-200', { start: 90, end: 99 }],
    ['bytes=-10', { start: 90, end: 99 }],
    ['bytes=-200', { start: 0, end: 99 }],
    ['bytes=100-', 'outside'],
    ['bytes=-0', 'outside'],
    ['bytes=9-0', 'all'],
    ['bytes=0-1,5-6', 'all'],
    ['bytes=-', 'all'],
    ['lines=0-9', 'all'],
  ])('%s of 100 bytes', (header, expected) => {
    expect(parseRange(header, 100)).toEqual(expected);
  });
});

describe('the page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'twinlens-page-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('a folder without index.html, or none at all, is no page', async () => {
    expect(await readPage(folder)).toBeUndefined();
    expect(await readPage(join(folder, 'missing'))).toBeUndefined();
  });

  test('paths without extension find their HTML; compressed forms and what is above are not served', async () => {
    await mkdir(join(folder, '_next/static'), { recursive: true });
    await mkdir(join(folder, 'help'));
    for (const file of ['index.html', 'about.html', 'about.html.br', 'help/index.html', '_next/static/a.js']) {
      await writeFile(join(folder, file), '<script>1</script>');
    }
    const page = await readPage(folder);
    const find = (url: string) => (page ? findPage(page, url)?.file : undefined);
    expect(find('/?a=b')).toBe('index.html');
    expect(find('/about')).toBe('about.html');
    expect(find('/about/')).toBe('about.html');
    expect(find('/help')).toBe('help/index.html');
    expect(find('/help/')).toBe('help/index.html');
    for (const url of ['/about.html.br', '/../package.json', '/%2e%2e/package.json', '/%', '/nothing']) {
      expect(find(url), url).toBeUndefined();
    }
    expect(page?.get('/_next/static/a.js')?.cacheControl).toContain('immutable');
    expect(page?.get('/index.html')?.cacheControl).toBe('no-cache');
  });

  test('inline scripts are allowed by their hash, scripts of files are not hashed', () => {
    const html = '<script src="/a.js"></script><script id="x">run()</script><script async src="/b.js"></script>';
    const hash = createHash('sha256').update('run()').digest('base64');
    expect(inlineScriptHashes(html)).toEqual([`'sha256-${hash}'`]);
    expect(contentSecurityPolicy(inlineScriptHashes(html))).toContain(`'wasm-unsafe-eval' 'sha256-${hash}';`);
    expect(contentSecurityPolicy([])).not.toContain("script-src 'self' 'unsafe-inline'");
  });
});
