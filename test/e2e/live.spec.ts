/** The camera as a visitor uses it, with a clip of slides in its place. */
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { z } from 'zod';
import { cameraClip } from './clip.ts';
import { type Site, startSite, visit } from './site.ts';

const classNames = z
  .array(z.string())
  .parse(JSON.parse(readFileSync(new URL('../../models/efficientnet-lite0/classes.json', import.meta.url), 'utf8')));

let site: Site;
test.beforeAll(async () => {
  site = await startSite();
});
test.afterAll(() => site.close());

/** Every label that the page shows as its best answer while the clip plays once and a half, in order, without repeats. */
async function shownLabels(page: Page, seconds: number): Promise<readonly string[]> {
  return page.evaluate(
    (ms) =>
      new Promise<string[]>((resolve) => {
        const seen: string[] = [];
        const look = () => {
          const label = document.querySelector<HTMLElement>('[data-testid="top-label"]')?.dataset.label;
          if (label && label !== seen.at(-1)) seen.push(label);
        };
        const observer = new MutationObserver(look);
        observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
        setTimeout(() => {
          observer.disconnect();
          resolve(seen);
        }, ms);
      }),
    seconds * 1000,
  );
}

for (const [mode, engine] of [
  ['only-device', 'device'],
  ['only-gateway', 'gateway'],
] as const) {
  test(`the camera is classified live, at least 8 of 10 slides right: ${mode}`, async () => {
    const clip = await cameraClip();
    const { browser, page, problems } = await visit(site.gateway.url, { clip: clip.path });
    await page.getByTestId('mode-select').selectOption(mode);
    await page.getByTestId('tab-live').click();
    await page.getByTestId('camera-start').click();
    await expect(page.getByTestId('engine-badge')).toHaveAttribute('data-engine', engine, { timeout: 60_000 });
    await expect(page.getByTestId('top-label')).toBeVisible();
    const shown = new Set(await shownLabels(page, 15));
    const right = clip.truth.filter((index) => shown.has(classNames[index] ?? ''));
    expect(right.length, `shown: ${[...shown].join(', ')}`).toBeGreaterThanOrEqual(8);
    expect(Number(await page.getByTestId('fps').getAttribute('data-value'))).toBeGreaterThan(1);
    expect(problems).toEqual([]);
    await browser.close();
  });
}

/** What is moving by itself in any of so many animation frames: names of animations, and properties of transitions. */
async function movingThings(page: Page, frames: number): Promise<readonly string[]> {
  return page.evaluate(async (looks) => {
    const seen = new Set<string>();
    for (let look = 0; look < looks; look += 1) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      for (const moving of document.getAnimations()) {
        if (moving instanceof CSSTransition) seen.add(moving.transitionProperty);
        else seen.add(moving instanceof CSSAnimation ? moving.animationName : moving.id);
      }
    }
    return [...seen];
  }, frames);
}

test('while the camera is classified nothing moves by itself: the page is drawn as often as there are frames', async () => {
  const clip = await cameraClip();
  const { browser, page } = await visit(site.gateway.url, { clip: clip.path });
  await page.getByTestId('mode-select').selectOption('only-device');
  await page.getByTestId('tab-live').click();
  await page.getByTestId('camera-start').click();
  await expect(page.getByTestId('top-label')).toBeVisible({ timeout: 60_000 });
  await expect(page.getByTestId('fps')).toBeVisible();
  // What the pointer has just left may still fade.
  await expect.poll(() => movingThings(page, 60), { timeout: 15_000 }).toEqual([]);
  expect(Number(await page.getByTestId('fps').getAttribute('data-value')), 'answers went on coming').toBeGreaterThan(1);
  await browser.close();
});

test('stopping the camera ends its track, and starting again goes on', async () => {
  const clip = await cameraClip();
  const { browser, page } = await visit(site.gateway.url, { clip: clip.path });
  await page.getByTestId('mode-select').selectOption('only-gateway');
  await page.getByTestId('tab-live').click();
  await page.getByTestId('camera-start').click();
  await expect(page.getByTestId('top-label')).toBeVisible({ timeout: 60_000 });
  await page.getByTestId('camera-stop').click();
  await expect(page.getByTestId('camera')).not.toHaveAttribute('data-state', 'on');
  await page.getByTestId('camera-start').first().click();
  await expect(page.getByTestId('camera')).toHaveAttribute('data-state', 'on');
  await browser.close();
});
