/**
 * Puts together who may come in: the tokens of operators and clients, from files that may change, the trusted proxies,
 * the rate and the certificate. A file that can't be used stops the start; later it changes nothing.
 */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { asTwinlensError, TwinlensError } from '../core/errors.ts';
import { type Caller, ClientGate, callerOf, TokenBook } from './admission/index.ts';
import type { Configuration } from './configuration/index.ts';
import { inNetworks } from './networks.ts';
import type { Clock } from './scheduling/index.ts';
import { ADMIN_TOKEN, Certificate, checkSecret, FileWatch, locateSecret, parseClientTokens } from './secrets/index.ts';
import type { Log } from './telemetry/index.ts';

export interface AccessOptions {
  readonly configuration: Pick<Configuration, 'adminToken' | 'clientTokensFile' | 'rate' | 'tls' | 'trustedProxies'>;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly today: () => number;
  readonly log: Log;
  /** Told of every request that was one too many. */
  readonly limited: () => void;
}

export interface Access {
  /** Undefined: only this machine may use the admin API. */
  readonly adminTokens: TokenBook | undefined;
  readonly clients: ClientGate;
  readonly callerOf: (request: IncomingMessage) => Caller;
  /** Undefined: no TLS. */
  readonly certificate: Certificate | undefined;
  /** Looks at no file any more. */
  close(): void;
}

/** Milliseconds between two looks at a file. */
const LOOK_MS = 2000;
/** Name of the one operator there is. */
const ADMIN = 'admin';

/** Throws INVALID_ARGUMENT with the name of the setting that is wrong. */
export function createAccess({ configuration, clock, today, log, limited }: AccessOptions): Access {
  const { rate, tls, trustedProxies } = configuration;
  const looking = { everyMs: LOOK_MS, after: clock.after, log };
  const closers: (() => void)[] = [];

  const watched = (setting: string, what: string, path: string, take: (content: string) => void) => {
    const watch = named(setting, () => {
      return new FileWatch({ ...looking, what, paths: [path], take: ([content]) => take(String(content)) });
    });
    closers.push(() => watch.close());
  };

  const adminTokens = (): TokenBook | undefined => {
    const place = locateSecret(configuration.adminToken, ADMIN_TOKEN);
    if (place.kind === 'none') return undefined;
    const tokens = new TokenBook();
    const take = (content: string, origin: string) => {
      tokens.replace([{ name: ADMIN, token: checkSecret(content, origin, ADMIN_TOKEN) }]);
    };
    if (place.kind === 'text') take(place.text, ADMIN_TOKEN.name);
    else watched(`${ADMIN_TOKEN.name}_FILE`, 'admin token', place.path, (content) => take(content, place.path));
    return tokens;
  };

  const clientTokens = (): TokenBook | undefined => {
    const { clientTokensFile } = configuration;
    if (clientTokensFile === undefined) return undefined;
    const tokens = new TokenBook();
    watched('TWINLENS_CLIENT_TOKENS_FILE', 'client tokens', clientTokensFile, (content) => {
      tokens.replace(parseClientTokens(content));
    });
    return tokens;
  };

  const operators = adminTokens();
  const certificate =
    tls &&
    named('TWINLENS_TLS_CERT_FILE, TWINLENS_TLS_KEY_FILE', () => new Certificate({ ...looking, files: tls, today }));
  if (certificate) closers.push(() => certificate.close());
  const trusted = inNetworks(trustedProxies);
  return {
    adminTokens: operators,
    clients: new ClientGate({ tokens: clientTokens(), operators, rate, now: clock.now, log, limited }),
    callerOf: ({ socket, headers }) =>
      callerOf({ peer: socket.remoteAddress ?? '', encrypted: socket instanceof TLSSocket, headers }, trusted),
    certificate,
    close: () => {
      for (const close of closers) close();
    },
  };
}

/** What `make` gives; a mistake gets the name of the setting that it comes from. */
function named<T>(setting: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new TwinlensError('INVALID_ARGUMENT', `${setting}: ${asTwinlensError(cause).message}`, { cause });
  }
}
