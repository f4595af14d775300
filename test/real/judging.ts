/** Lets a tool judge our files, and judges the settings that they give the gateway. */
import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import { parseConfiguration } from '../../gateway/configuration/index.ts';
import { NO_GO } from './go-tools.ts';
import { root } from './tools.ts';

export const NO_PYTHON = 'needs Python 3.11 or newer';
export const NO_TOOLS = `${NO_GO}, and Python 3.11 or newer`;
/** Python packages that judge, with their hashes. */
export const CHECKERS = 'test/real/deploy-requirements.txt';

/** What it wrote. Throws with that when it finds something. */
export function judge(tool: string, args: readonly string[]): string {
  return execFileSync(tool, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A gateway that gets them would start. */
export function expectSettings(environment: Readonly<Record<string, string>>): void {
  const ours = Object.entries(environment).filter(([name]) => name.startsWith('TWINLENS_'));
  expect(ours.length).toBeGreaterThan(0);
  parseConfiguration(Object.fromEntries(ours));
}
