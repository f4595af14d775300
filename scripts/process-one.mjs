/**
 * Preloaded in the image, where Node is process 1 and the kernel drops signals that nobody handles: until the gateway
 * has its own handlers, SIGTERM and SIGINT end the process, as they do everywhere else.
 */
// @ts-check
import { constants } from 'node:os';

for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT'])) {
  const end = () => process.exit(128 + constants.signals[signal]);
  const handOver = (/** @type {string | symbol} */ event) => {
    if (event !== signal) return;
    process.off('newListener', handOver);
    process.off(signal, end);
  };
  process.on(signal, end);
  process.on('newListener', handOver);
}
