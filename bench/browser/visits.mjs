/**
 * From navigation to the first answer on screen, by the page's own clock: our page as a visitor uses it, and the
 * rival's. Knows nothing of how often or in which order.
 */
// @ts-check
import { readFileSync } from 'node:fs';
import { inBrowser } from './chromium.mjs';

/**
 * @typedef {object} Visit
 * @property {number} ms from navigation to the first answer
 * @property {string} label
 * @property {string} engine what answered
 * @property {number} requests
 * @property {number} bytes that came over the wire
 */

/** How long a visitor looks at the answer who comes back later. Browsers write compiled code to disk some seconds late. */
const STAY_MS = 5000;

/** Given to our page before its scripts run: hands it a photo as soon as it takes one, and notes when the answer stands there. */
function visitor(/** @type {{mode: string, photo: string}} */ { mode, photo }) {
  localStorage.setItem('twinlens.mode', mode);
  const find = (/** @type {string} */ id) => document.querySelector(`[data-testid="${id}"]`);
  const bytes = Uint8Array.from(atob(photo), (letter) => letter.charCodeAt(0));
  let given = false;
  const look = () => {
    const input = find('file-input');
    if (!given && input instanceof HTMLInputElement && !input.disabled) {
      given = true;
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], 'photo.jpg', { type: 'image/jpeg' }));
      input.files = transfer.files;
      input.dispatchEvent(new Event('change', { bubbles: true }));
      const tab = find('tab-photos');
      if (tab instanceof HTMLElement) tab.click();
    }
    const answer = find('top-label');
    if (!(answer instanceof HTMLElement)) return;
    observer.disconnect();
    const badge = find('engine-badge');
    const engine = badge instanceof HTMLElement ? badge.dataset.engine : undefined;
    Reflect.set(window, 'visited', { ms: performance.now(), label: answer.dataset.label, engine: engine ?? '' });
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { subtree: true, childList: true, attributes: true });
}

/**
 * @param {import('@playwright/test').Page} page @param {string} url
 * @param {boolean} [stay] until the page is kept for offline use, and longer @returns {Promise<Visit>}
 */
async function goAndWait(page, url, stay = false) {
  let requests = 0;
  let bytes = 0;
  // The worker's too: they run in processes of their own, so the whole context is heard.
  page.context().on('requestfinished', async (request) => {
    requests += 1;
    const sizes = await request.sizes().catch(() => undefined);
    bytes += sizes === undefined ? 0 : sizes.responseBodySize + sizes.responseHeadersSize;
  });
  await page.goto(url, { waitUntil: 'commit' });
  const visited = await page.waitForFunction(() => Reflect.get(window, 'visited'));
  const { ms, label, engine } = await visited.jsonValue();
  const visit = { ms, label, engine, requests, bytes };
  if (stay) {
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await page.waitForTimeout(STAY_MS);
  }
  return visit;
}

/**
 * @param {string} url of our page
 * @param {{mode: 'only-device' | 'prefer-device', photo: string, profile?: string, stay?: boolean}} options photo: path
 *   of a JPEG; stay: as one who comes back later
 */
export const visitTwinlens = (url, { mode, photo, profile, stay }) =>
  inBrowser(
    async (page) => {
      await page.addInitScript(visitor, { mode, photo: readFileSync(photo).toString('base64') });
      return goAndWait(page, url, stay);
    },
    profile === undefined ? {} : { profile },
  );

/** @param {string} url of the rival's page @param {{photo: string, profile?: string}} options photo: path on the server */
export const visitTransformers = (url, { photo, profile }) =>
  inBrowser(
    (page) => goAndWait(page, `${url}?visit=${encodeURIComponent(photo)}`),
    profile === undefined ? {} : { profile },
  );
