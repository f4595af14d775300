import { describe, expect, test } from 'vitest';
import { classification } from '../../test/support/classification.ts';
import { expose, prefersOpenMetrics } from './exposition.ts';
import { createMetrics } from './index.ts';

const OPEN = 'application/openmetrics-text';

describe('the format is the one that the scraper prefers', () => {
  test.each<[string | undefined, boolean]>([
    [undefined, false],
    ['', false],
    ['*/*', false],
    ['text/plain', false],
    [OPEN, true],
    [`${OPEN};version=0.0.1`, false],
    [`${OPEN};version=1.0.0;q=0`, false],
    [`${OPEN};version=1.0.0;q=0.2,text/plain;q=0.8`, false],
    // What Prometheus 2 and 3 send.
    [`${OPEN};version=1.0.0;q=0.5,${OPEN};version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2`, true],
    [`${OPEN};version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;q=0.5,*/*;q=0.2`, true],
    [`${OPEN};q=none`, false],
  ])('%s', (accept, open) => {
    expect(prefersOpenMetrics(accept)).toBe(open);
  });
});

describe('a request is an exemplar', () => {
  async function both(requestId: string) {
    const { observer, refused, registry } = createMetrics();
    observer.requestFinished({ model: 'mini', version: 1, code: 'OK', classification: classification(), requestId });
    refused('MODEL_NOT_FOUND', requestId);
    return { open: (await expose(registry, OPEN)).text, plain: (await expose(registry, undefined)).text };
  }

  test('of its outcome and of the bucket that it took', async () => {
    const { open } = await both('r-1');
    expect(open).toMatch(
      /^twinlens_requests_total\{model="mini",version="1",code="OK"\} 1 # \{request_id="r-1"\} 1 \d/m,
    );
    expect(open).toMatch(/^twinlens_requests_total\{.*code="MODEL_NOT_FOUND"\} 1 # \{request_id="r-1"\} 1 \d/m);
    expect(open).toMatch(/^twinlens_request_total_seconds_bucket\{le="0.01",.*\} 1 # \{request_id="r-1"\} 0.006 \d/m);
  });

  test('only where the format has room for it', async () => {
    const { open, plain } = await both('r-1');
    expect(plain).not.toContain('r-1');
    // OpenMetrics: a counter's family has no suffix, its samples have one; the text ends.
    expect(open).toContain('# TYPE twinlens_requests counter\n');
    expect(open).toMatch(/\n# EOF\n$/);
    expect(plain).toContain('# TYPE twinlens_requests_total counter\n');
    expect(plain).not.toContain('# EOF');
  });

  test('also after the other format was written', async () => {
    const { registry } = createMetrics();
    const before = (await expose(registry, undefined)).text;
    await expose(registry, OPEN);
    const names = (text: string) => text.match(/^# TYPE .*/gm);
    expect(names((await expose(registry, undefined)).text)).toEqual(names(before));
  });

  test.each(['a"b', 'a\\b', 'a\nb', 'é', 'x'.repeat(119), ''])(
    'unless its client gave it an odd id: %j',
    async (id) => {
      const { open } = await both(id);
      expect(open).toContain('twinlens_requests_total{');
      expect(open).not.toContain(' # {');
    },
  );

  test('with the longest id that a socket has', async () => {
    expect((await both(`${'a'.repeat(36)}/${'b'.repeat(64)}`)).open).toContain(' # {request_id="aaa');
  });
});
