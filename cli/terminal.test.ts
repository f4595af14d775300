import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { Terminal } from './terminal.ts';

interface Made {
  readonly terminal: Terminal;
  readonly typed: PassThrough;
  /** All that was written to stderr. */
  told(): string;
}

function make({ tty = true, dumb = false, columns = 40 } = {}): Made {
  const stderr = Object.assign(new PassThrough(), { isTTY: tty, columns });
  const stdin = Object.assign(new PassThrough(), { isTTY: tty });
  const terminal = new Terminal({ stdout: new PassThrough(), stderr, stdin }, { json: false, dumb });
  let all = '';
  stderr.on('data', (chunk: Buffer) => {
    all += chunk.toString();
  });
  return { terminal, typed: stdin, told: () => all };
}

const signal = new AbortController().signal;

describe('what is going on', () => {
  test('is one line that is never wider than the terminal, with its numbers whole', () => {
    const { terminal, told } = make();
    terminal.progress('Fetching a-model-with-a-rather-long-name', 600_000, 3_700_000);
    terminal.now('Checking a-model-with-a-rather-long-name-too');
    const lines = told().split('\r\u001b[K').slice(1);
    expect(lines).toEqual(
      ['Fetching a-mod…  16 %  0.6 MB of 3.7 MB', 'Checking a-model-with-a-rather-long-na…'].map((line) => line),
    );
    for (const line of lines) expect(line.length).toBeLessThan(40);
  });

  test('makes room for what stays', () => {
    const { terminal, told } = make();
    terminal.now('Checking');
    terminal.say('Done.');
    expect(told()).toBe('\r\u001b[KChecking\r\u001b[KDone.\n');
  });

  test.each([{ tty: false }, { dumb: true }])('is few plain lines where none can be replaced: %j', (options) => {
    const { terminal, told } = make(options);
    for (let done = 0; done <= 100; done += 1) terminal.progress('Fetching', done * 1e6, 100e6);
    terminal.now('Checking');
    expect(told().split('\n').filter(Boolean)).toHaveLength(5);
    expect(told()).not.toContain('\u001b');
  });
});

describe('a question', () => {
  test.each([
    ['y\r', true],
    ['YES\r', true],
    ['n\r', false],
    ['\r', false],
    ['\u0004', false],
  ])('that is answered with %j is %j', async (keys, expected) => {
    const { terminal, typed } = make();
    const answered = terminal.confirm('Publish?', signal);
    typed.write(keys);
    expect(await answered).toBe(expected);
  });

  test('ends with CANCELLED at Ctrl+C, and when something else interrupts', async () => {
    const { terminal, typed } = make();
    const answered = terminal.confirm('Publish?', signal);
    typed.write('\u0003');
    await expect(answered).rejects.toMatchObject({ code: 'CANCELLED' });
    const outer = new AbortController();
    const asked = make().terminal.confirm('Publish?', outer.signal);
    outer.abort();
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
