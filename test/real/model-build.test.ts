/** The committed model and fixtures beside what Python makes anew. */
import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { python, root } from './tools.ts';

let interpreter: string | undefined;
beforeAll(() => {
  interpreter = python('model-build', 'models/build/requirements.txt');
}, 900_000);

const check = (script: string): string =>
  execFileSync(interpreter ?? '', [script, '--check'], { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });

describe('the built-in model', () => {
  test('is rebuilt to the same bytes from the published weights', (context) => {
    if (!interpreter) context.skip('needs Python');
    expect(check('models/build/build.py')).toMatch(/identical|same|ok/i);
  }, 600_000);

  test("the vision fixtures are Pillow's to the byte", (context) => {
    if (!interpreter) context.skip('needs Python');
    expect(check('test/fixtures/vision/make.py')).toMatch(/identical|same|ok/i);
  }, 600_000);
});
