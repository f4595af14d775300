/**
 * A process of a benchmark's own that works on orders, one at a time: what makes load, and what works without a server.
 * Owns the process; every order has a deadline, and the process ends with this one.
 */
// @ts-check
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Milliseconds for an order above the time that it is to work. */
const SLACK_MS = 60_000;

/**
 * @template Order, Answer
 * @param {string} program beside this file
 */
export function startHelper(program) {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), [], { serialization: 'advanced' });

  /**
   * @param {Order} order @param {number} [seconds] that it works for
   * @returns {Promise<Answer>}
   */
  async function ask(order, seconds = 0) {
    const late = AbortSignal.timeout(seconds * 1000 + SLACK_MS);
    const ended = new AbortController();
    const signal = AbortSignal.any([late, ended.signal]);
    const end = () => ended.abort(new Error(`${program} ended.`));
    child.once('exit', end);
    try {
      child.send(/** @type {import('node:child_process').Serializable} */ (order));
      const [answer] = await once(child, 'message', { signal });
      if ('error' in answer) throw new Error(`${program}: ${answer.error}`);
      return answer;
    } catch (error) {
      if (ended.signal.aborted) throw ended.signal.reason;
      if (late.aborted) throw new Error(`${program} did not answer in time.`);
      throw error;
    } finally {
      child.off('exit', end);
    }
  }

  async function stop() {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  return { ask, stop };
}

/**
 * The other side, in the program itself.
 * @template Order
 * @param {(order: Order) => Promise<object>} work
 */
export function serveOrders(work) {
  process.on('message', (/** @type {Order} */ order) => {
    work(order).then(
      (answer) => process.send?.(answer),
      (error) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
}
