/** A client on a network and a clock in the test's hands, and what becomes of its calls. */
import { type ClientEvent, TwinlensClient, type TwinlensClientOptions } from '../../client/index.ts';
import { FakeClock, settle } from '../doubles/fake-clock.ts';
import { FakeNetwork } from '../doubles/socket-pair.ts';
import { welcome } from '../doubles/wire-gateway.ts';

export function setUpClient(options: Partial<TwinlensClientOptions> = {}) {
  const clock = new FakeClock();
  const network = new FakeNetwork();
  const client = new TwinlensClient({
    url: 'http://gateway.test:8080/',
    WebSocket: network.WebSocket,
    clock,
    random: () => 0.5,
    ...options,
  });
  const events: ClientEvent[] = [];
  client.subscribe((event) => events.push(event));
  const open = async (limits = {}) => {
    client.connect();
    network.last.send(welcome(limits));
    await settle();
    return network.last;
  };
  return { clock, network, client, events, open };
}

/** Settles later or never; never an unhandled rejection. */
export function outcome(promise: Promise<unknown>): { value: unknown; code: unknown; settled: boolean } {
  const seen = { value: undefined as unknown, code: undefined as unknown, settled: false };
  promise.then(
    (value) => Object.assign(seen, { value, settled: true }),
    (error: { code?: unknown }) => Object.assign(seen, { code: error.code, settled: true }),
  );
  return seen;
}
