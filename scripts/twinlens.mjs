#!/usr/bin/env node
/** `npx twinlens`: compiles what is stale, without a word on stdout, and runs the command line. */
// @ts-check
import { buildGateway } from './build.mjs';

await buildGateway((line) => process.stderr.write(line));
// Compiled just now, so its types are not there when this file is checked.
await import(new URL('../dist/cli/main.js', import.meta.url).href);
