import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{core,client,cli,workers,app,gateway,scripts,models,test}/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/real/**', 'node_modules/**'],
    globalSetup: ['test/setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores: more forks than that only make deadlines late.
    maxWorkers: 2,
  },
});
