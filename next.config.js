/**
 * How the page is built: a static export that the gateway serves in production; in development
 * Next's own server with the headers that cross-origin isolation (threads in WebAssembly) needs.
 * NEXT_PUBLIC_GATEWAY_URL: origin of the gateway; empty means the page's own.
 */
const isolation = [
  { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
  { key: 'Cross-Origin-Embedder-Policy', value: 'require-corp' },
  { key: 'Cross-Origin-Resource-Policy', value: 'same-origin' },
];

const shared = {
  reactStrictMode: true,
  poweredByHeader: false,
  images: { unoptimized: true },
};

export default process.env.NODE_ENV === 'development'
  ? { ...shared, headers: async () => [{ source: '/:path*', headers: isolation }] }
  : { ...shared, output: 'export' };
