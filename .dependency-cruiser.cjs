/** The import rules between rooms (ARCHITECTURE.md). A broken rule fails the lint, and so the build. */
const tests = '\\.test\\.tsx?$';

const rule = (name, from, to, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { pathNot: tests, ...from },
  to,
});

/** Rooms of the gateway that are entered by one file only. */
const gatewayRooms = [
  'http',
  'sockets',
  'admission',
  'secrets',
  'results',
  'serving',
  'sources',
  'packages',
  'scheduling',
  'instances',
  'engines',
  'telemetry',
  'resources',
  'health',
  'configuration',
];

module.exports = {
  forbidden: [
    rule('no-cycles', {}, { circular: true }, 'A cycle means that two files are one.'),
    rule('core-is-pure', { path: '^core/' }, { pathNot: ['^core/', '^node_modules/zod/'] }, 'core/ imports zod only.'),
    rule(
      'client-imports-core',
      { path: '^client/' },
      { pathNot: ['^client/', '^core/'] },
      'client/ imports core/ only.',
    ),
    rule(
      'cli-imports-core-and-client',
      { path: '^cli/' },
      {
        pathNot: [
          '^cli/',
          '^core/',
          '^client/index\\.ts$',
          '^node_modules/(@types/)?tar-stream/',
          '^(node:)?[a-z_/]+$',
        ],
      },
      'cli/ talks to a gateway through its API: it imports core/, the face of client/ and tar-stream.',
    ),
    rule(
      'nothing-imports-cli',
      { pathNot: ['^cli/', tests] },
      { path: '^cli/' },
      'cli/ is entered from the command line.',
    ),
    rule(
      'workers-import-core-and-ort-web',
      { path: '^workers/' },
      { pathNot: ['^workers/', '^core/', '^(node_modules/)?onnxruntime-(web|common)/', '^node_modules/zod/'] },
      'workers/ imports core/ and onnxruntime-web; zod for what it parses.',
    ),
    rule(
      'app-knows-the-face-of-workers',
      { path: '^app/' },
      { path: '^workers/', pathNot: '^workers/(early|engine|index)\\.ts$' },
      'app/ uses the interface of workers/.',
    ),
    rule(
      'app-runs-no-model',
      { path: '^app/' },
      { path: ['^gateway/', '^(node_modules/)?onnxruntime'] },
      'app/ imports neither onnxruntime nor gateway/.',
    ),
    rule(
      'app-resizes-nothing',
      { path: '^app/' },
      { path: '^core/(jpeg-)?kernel-bytes\\.ts$', reachable: true },
      'The kernels are for workers; a page that imports one carries its bytes for nothing (core/sizes.ts is enough).',
    ),
    rule(
      'gateway-stands-alone',
      { path: '^gateway/' },
      { path: ['^(app|workers|client)/', '^(node_modules/)?(react|next|onnxruntime-web)(/|$)'] },
      'gateway/ imports core/ and server libraries.',
    ),
    ...gatewayRooms.map((room) =>
      rule(
        `gateway-${room}-by-its-face`,
        { path: '^gateway/', pathNot: [`^gateway/${room}/`, tests] },
        { path: `^gateway/${room}/`, pathNot: `^gateway/${room}/index\\.ts$` },
        `gateway/${room}/ is entered by index.ts.`,
      ),
    ),
    rule('not-to-tests', { pathNot: [tests, '^test/'] }, { path: [tests, '^test/'] }, 'The product imports no test.'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^(dist|out|\\.next)/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'] },
  },
};
