/**
 * Keeps the page usable offline after one visit. Compiled alone and without imports: the build puts in
 * its own id and the list of files to keep. Answers documents from the network first, with a short
 * wait, built files and samples from the cache first; leaves the gateway's /v1/ and everything else alone. The
 * model itself is kept by the model store.
 */

declare const __PRECACHE__: readonly string[];

interface LifecycleEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchingEvent extends LifecycleEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface Scope {
  addEventListener(type: 'install' | 'activate', listener: (event: LifecycleEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchingEvent) => void): void;
  readonly clients: { claim(): Promise<void> };
}

const scope = self as unknown as Scope;

const PREFIX = 'twinlens-page-';
const CACHE = `${PREFIX}__BUILD_ID__`;
/** Files whose names carry a hash of their content. */
const BUILT = '/_next/static/';
/** Milliseconds that a document may take from the network before the kept one is shown. */
const DOCUMENT_MS = 3_000;
/** Files fetched at once while installing. */
const PARALLEL = 4;

/** Only what has the headers of cross-origin isolation, the right type and a whole body is worth keeping. */
const isKeepable = (response: Response): boolean => response.status === 200 && response.type === 'basic';

async function keepAll(urls: readonly string[]): Promise<void> {
  const cache = await caches.open(CACHE);
  const waiting = [...urls];
  const next = async (): Promise<void> => {
    for (let url = waiting.shift(); url !== undefined; url = waiting.shift()) {
      // Names of built files carry a hash, so the HTTP cache may answer; documents must be of this build.
      const response = await fetch(url, { cache: url.startsWith(BUILT) ? 'default' : 'no-cache' });
      if (!isKeepable(response)) throw new Error(`${url} answered ${response.status}`);
      await cache.put(url, response);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, next));
}

async function removeOldCaches(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
}

/**
 * The kept response itself: browsers keep compiled code beside it, and of a copy they know none. But it carries its
 * own address: where the bundler tells a worker in the fragment what to load, a copy takes the request's.
 */
function forRequest({ url }: Request, kept: Response): Response {
  if (!url.includes('#')) return kept;
  const { body, status, statusText, headers } = kept;
  return new Response(body, { status, statusText, headers });
}

/**
 * What the browser has of it in its own cache: there it keeps compiled code beside the file, which for the runtime is
 * worth half a second.
 */
async function fromBrowser(request: Request): Promise<Response | undefined> {
  try {
    const response = await fetch(request, { cache: 'only-if-cached', mode: 'same-origin' });
    return isKeepable(response) ? response : undefined;
  } catch {
    return undefined; // It has not.
  }
}

/** A built file or sample: kept at the first use if it was not kept before. A built one's name changes with its content. */
async function cacheFirst(request: Request, event: LifecycleEvent): Promise<Response> {
  const isBuilt = new URL(request.url).pathname.startsWith(BUILT);
  const cache = await caches.open(CACHE);
  const kept = (isBuilt && (await fromBrowser(request))) || (await cache.match(request, { ignoreVary: true }));
  if (kept) return forRequest(request, kept);
  const response = await fetch(request);
  if (isKeepable(response)) {
    const copy = response.clone();
    // Without room the page goes on; only offline it will be missed.
    event.waitUntil(cache.put(request, copy).catch((error) => console.warn(`${request.url} was not kept:`, error)));
  }
  return response;
}

async function networkFirst(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const find = () => cache.match(request, { ignoreSearch: true, ignoreVary: true });
  const kept = await find();
  const abort = new AbortController();
  const timer = kept ? setTimeout(() => abort.abort(), DOCUMENT_MS) : undefined;
  try {
    const response = await fetch(request, { signal: abort.signal });
    // A gateway that is down behind a proxy answers 502: the kept page is better.
    if (response.status < 500 || !kept) return response;
    return kept;
  } catch (error) {
    if (kept) return kept;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

scope.addEventListener('install', (event) => {
  // No skipWaiting: an open page of the older build still needs its files, and this one's come from the network.
  event.waitUntil(keepAll(__PRECACHE__));
});

scope.addEventListener('activate', (event) => {
  event.waitUntil(removeOldCaches().then(() => scope.clients.claim()));
});

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin || request.headers.has('range')) return;
  if (pathname.startsWith(BUILT) || pathname.startsWith('/samples/')) event.respondWith(cacheFirst(request, event));
  else if (request.mode === 'navigate' && !pathname.startsWith('/v1/')) event.respondWith(networkFirst(request));
  else if (__PRECACHE__.includes(pathname)) event.respondWith(networkFirst(request));
});
