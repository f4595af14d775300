/** Finds a Chromium for the browser tests, or installs one and says so. */
// @ts-check
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from '@playwright/test';
import { bin, run } from './run.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** @returns {string | undefined} path of a browser that is there now */
function find() {
  const asked = process.env.CHROMIUM_PATH;
  if (asked) {
    if (!existsSync(asked)) throw new Error(`CHROMIUM_PATH is ${asked}, but there is no such file.`);
    return asked;
  }
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [chromium.executablePath(), ...onPath, ...PLACES].find((path) => path !== '' && existsSync(path));
}

/** @returns {boolean} whether Debian's or Ubuntu's package manager can be used without a question */
function canUseApt() {
  if (!existsSync('/usr/bin/apt-get')) return false;
  if (process.getuid?.() === 0) return true;
  try {
    execFileSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // No password-free sudo: the other way is tried.
  }
}

/** @returns {Promise<string>} */
export async function findOrInstallBrowser() {
  const found = find();
  if (found) return found;
  if (canUseApt()) {
    process.stdout.write('No Chromium found: installing the package `chromium` with apt-get (about 420 MB) ...\n');
    const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
    const apt = (/** @type {string[]} */ ...args) => {
      const [command = 'apt-get', ...rest] = [...sudo, 'apt-get', ...args];
      return run(command, rest, { env: { DEBIAN_FRONTEND: 'noninteractive' } });
    };
    await apt('update', '-q');
    await apt('install', '-y', '-q', '--no-install-recommends', 'chromium', 'fonts-dejavu-core');
  } else {
    process.stdout.write('No Chromium found: letting Playwright download its own (about 170 MB) ...\n');
    await run(process.execPath, [bin('@playwright/test', 'playwright'), 'install', 'chromium']);
  }
  const installed = find();
  if (installed) return installed;
  throw new Error('The browser tests need Chromium or Chrome: install one, or set CHROMIUM_PATH to its program.');
}
