/** The product as a visitor meets it: the real gateway serving the built page, and a Chromium with a fake camera. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from '@playwright/test';
import { type GatewayProcess, ROOT, startGateway } from '../support/gateway-process.ts';

export interface Site {
  readonly gateway: GatewayProcess;
  close(): Promise<void>;
}

export async function startSite(env: Readonly<Record<string, string>> = {}): Promise<Site> {
  if (!existsSync(`${ROOT}/out/index.html`)) throw new Error('The page is not built; run npm run build.');
  const gateway = await startGateway({ env: { TWINLENS_PAGE: 'out', ...env } });
  return { gateway, close: async () => void (await gateway.stop()) };
}

export interface VisitOptions {
  /** MJPEG file that plays as the camera; left out: the browser has none. */
  readonly clip?: string;
  readonly args?: readonly string[];
  readonly permissions?: readonly string[];
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
}

export interface Visit {
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors that the page did not handle. */
  readonly problems: readonly string[];
}

/** A browser of its own, so that storage and flags of one test don't reach another. */
export async function visit(url: string, options: VisitOptions = {}): Promise<Visit> {
  const camera = options.clip
    ? ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${options.clip}`]
    : [];
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', ...camera, ...(options.args ?? [])],
  });
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
    colorScheme: options.colorScheme ?? 'light',
    permissions: [...(options.permissions ?? (options.clip ? ['camera'] : []))],
    acceptDownloads: true,
  });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.goto(url);
  return { browser, context, page, problems };
}

/** The page gets no weights until the test calls what this resolves with. */
export async function holdWeights(page: Page): Promise<() => void> {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/files/model.onnx', async (route) => {
    await held;
    // Who asked may have given up meanwhile.
    await route.continue().catch(() => undefined);
  });
  return release;
}

export const MODES = ['prefer-device', 'only-device', 'prefer-gateway', 'only-gateway'] as const;
