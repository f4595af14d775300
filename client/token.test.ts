import { expect, it } from 'vitest';
import { FakeClock } from '../test/doubles/fake-clock.ts';
import { FakeNetwork } from '../test/doubles/socket-pair.ts';
import { jpeg } from '../test/doubles/wire-gateway.ts';
import { type TokenSource, TwinlensClient } from './index.ts';
import type { FetchInit } from './platform.ts';

function setup(token: TokenSource) {
  const clock = new FakeClock();
  const network = new FakeNetwork();
  const sent: FetchInit[] = [];
  const client = new TwinlensClient({
    url: 'http://gateway.test:8080/',
    WebSocket: network.WebSocket,
    fetch: (_url, init) => {
      sent.push(init);
      return Promise.reject(new Error('no network'));
    },
    clock,
    random: () => 0.5,
    backoff: { baseMs: 200, capMs: 200 },
    token,
  });
  return { clock, network, client, sent };
}

it('a token travels with each request and with each attempt to connect, as it is then', async () => {
  let token: string | undefined = 'first?>';
  const { clock, network, client, sent } = setup(() => token);
  client.connect();
  expect(network.last.protocols).toEqual(['twinlens.v1', 'twinlens.token.Zmlyc3Q_Pg']);
  token = 'second';
  network.last.drop();
  await clock.advance(200);
  expect(network.last.protocols).toEqual(['twinlens.v1', 'twinlens.token.c2Vjb25k']);
  await expect(client.classifyHttp(jpeg())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  token = undefined;
  await expect(client.models()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(sent.map(({ headers }) => headers.authorization)).toEqual(['Bearer second', undefined]);
  client.close();
});

it('what can’t travel in a header is refused before anything is sent', async () => {
  expect(() => setup('two words')).toThrow('printable');
  expect(() => setup('line\r\nX-Other: 1')).toThrow('printable');
  const { client, sent } = setup(() => '');
  await expect(client.models()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(sent).toEqual([]);
});
