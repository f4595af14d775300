/** The page works under its own Content-Security-Policy, in a real Chromium, and the policy stops what it must. */
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { ROOT } from '../support/gateway-process.ts';
import { type Site, startSite, type Visit, visit } from './site.ts';

const photo = join(ROOT, 'public/samples/clock.jpg');

let site: Site;
let visited: Visit | undefined;
test.beforeAll(async () => {
  site = await startSite();
});
test.afterEach(() => visited?.browser.close());
test.afterAll(() => site.close());

/** Opens a page that keeps what its policy refused, and what the console says of it (workers have no other voice). */
async function open(path: string): Promise<{ page: Page; refused: () => Promise<readonly string[]> }> {
  visited = await visit('about:blank');
  const { page } = visited;
  const said: string[] = [];
  page.on('console', (message) => {
    if (/content.security.policy|permissions.policy/i.test(message.text())) said.push(message.text());
  });
  await page.addInitScript(() => {
    const refused: string[] = [];
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      refused.push(`${violatedDirective} ${blockedURI}`);
    });
    Object.assign(globalThis, { refused });
  });
  await page.goto(site.gateway.url + path);
  const events = () => page.evaluate(() => [...(globalThis as unknown as { refused: string[] }).refused]);
  return { page, refused: async () => [...(await events()), ...said] };
}

for (const mode of ['only-device', 'only-gateway']) {
  test(`a visit with a photo meets no refusal: ${mode}`, async () => {
    const { page, refused } = await open('/');
    await page.getByTestId('mode-select').selectOption(mode);
    await page.getByTestId('tab-photos').click();
    await page.getByTestId('file-input').setInputFiles(photo);
    await expect(page.locator('[data-testid="photo-item"][data-state="answered"]')).toHaveCount(1, { timeout: 60_000 });
    expect(await refused()).toEqual([]);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  });
}

test('the operator’s page meets no refusal', async () => {
  const { page, refused } = await open('/admin');
  await expect(page.getByTestId('version').first()).toBeVisible();
  expect(await refused()).toEqual([]);
});

test('a page that is not there meets none either', async () => {
  const { page, refused } = await open('/nothing-here');
  await expect(page.locator('body')).not.toBeEmpty();
  expect(await refused()).toEqual([]);
});

test('a script, style, frame or connection that is not the page’s own is refused', async () => {
  const { page, refused } = await open('/');
  await page.getByTestId('mode-select').waitFor();
  const ran = await page.evaluate(async () => {
    const add = (tag: string, fill: (element: HTMLElement) => void) => {
      const element = document.createElement(tag);
      fill(element);
      document.body.append(element);
    };
    add('script', (script) => {
      script.textContent = 'globalThis.ran = true';
    });
    add('style', (style) => {
      style.textContent = 'body { opacity: 0 }';
    });
    add('iframe', (frame) => frame.setAttribute('src', 'https://evil.example/'));
    const text = 'globalThis.ran = true';
    // The debugger, which runs this, may evaluate text until it lets go.
    await new Promise((resolve) => setTimeout(resolve));
    const tries = [
      () => new Function(text)(),
      () => fetch('https://evil.example/'),
      () => new WebSocket('wss://evil.example/'),
    ];
    for (const attempt of tries) {
      try {
        await attempt();
      } catch {
        // It is to fail; that it did is what the policy's events say.
      }
    }
    return 'ran' in globalThis;
  });
  expect(ran).toBe(false);
  await expect.poll(async () => (await refused()).join('\n')).toContain('connect-src wss://evil.example');
  const text = (await refused()).join('\n');
  for (const rule of [
    'script-src-elem inline',
    'style-src-elem inline',
    'frame-src',
    'script-src eval',
    'connect-src https',
  ]) {
    expect(text).toContain(rule);
  }
});

test('no other site may show the page in a frame', async () => {
  const response = await fetch(site.gateway.url);
  expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect(response.headers.get('x-frame-options')).toBe('DENY');
});
