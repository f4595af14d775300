import { describe, expect, test } from 'vitest';
import { createLog } from './index.ts';

describe('the log', () => {
  test('a line is JSON with an ISO timestamp and its level as a word', () => {
    const lines: string[] = [];
    createLog('info', { write: (line) => lines.push(line) }).info(
      { event_type: 'prediction', request_id: 'r' },
      'hello',
    );
    const line = JSON.parse(lines[0] ?? '');
    expect(line).toMatchObject({ level: 'info', event_type: 'prediction', request_id: 'r', msg: 'hello' });
    expect(new Date(line.timestamp).toISOString()).toBe(line.timestamp);
  });

  test('credentials never reach it', () => {
    const lines: string[] = [];
    const log = createLog('info', { write: (line) => lines.push(line) });
    log.info({ authorization: 'secret-1', headers: { authorization: 'secret-2', cookie: 'secret-3' } });
    log.info({ req: { headers: { authorization: 'secret-4', 'x-api-key': 'secret-5' } } });
    expect(lines.join('')).not.toContain('secret');
    expect(lines.join('')).toContain('[hidden]');
  });

  test('nor do those in a list, in the fields of an error or of a child of the log; what they came from stays', () => {
    const lines: string[] = [];
    const log = createLog('info', { write: (line) => lines.push(line) });
    const sources = [{ name: 'a', token: 'secret-1' }, { name: 'b' }];
    log.child({ password: 'secret-2', event_type: 'x' }).info({ sources });
    log.error({ err: Object.assign(new Error('no'), { request: { headers: { 'set-cookie': 'secret-3' } } }) });
    expect(lines.join('')).not.toContain('secret-');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      event_type: 'x',
      sources: [{ name: 'a', token: '[hidden]' }, { name: 'b' }],
    });
    expect(sources[0]?.token).toBe('secret-1');
  });

  test('nor do those that an error or an address brought along', () => {
    const lines: string[] = [];
    const log = createLog('info', { write: (line) => lines.push(line) });
    log.error({ err: new Error('401 for Authorization: Bearer secret-6.abc') }, 'sent Basic c2VjcmV0LTc6eA==');
    log.info({ url: 'https://user:secret-8@models.example/a' }, 'from http://secret-9@models.example');
    log.info({ token: 'secret-10', source: { token: 'secret-11' } });
    const text = lines.join('');
    expect(text).not.toMatch(/secret|c2Vj/);
    expect(text).toContain('https://[hidden]@models.example/a');
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  });
});
