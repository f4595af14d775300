/**
 * Opens thousands of WebSockets that say nothing, and holds them until the process ends: a process of its own, so that
 * its memory and its events are not those of what makes the load. Answers pings. Only loopback.
 */
// @ts-check
import { serveOrders } from './helper.mjs';
import { openSocket } from './socket-client.mjs';

const MOST_SOCKETS = 20_000;
/** Handshakes under way at once. */
const AT_ONCE = 64;

/** @param {{port: number, sockets: number}} order @returns {Promise<{open: number}>} */
async function hold({ port, sockets }) {
  if (sockets > MOST_SOCKETS) throw new Error(`At most ${MOST_SOCKETS} sockets.`);
  let begun = 0;
  let open = 0;
  const nothing = () => undefined;
  const opener = async () => {
    while (begun < sockets) {
      begun += 1;
      await openSocket(port, nothing, () => {
        open -= 1;
      });
      open += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, opener));
  return { open };
}

serveOrders(hold);
