/**
 * Keeps zod from compiling its checks out of text, which the page's Content-Security-Policy refuses and reports. What
 * runs in a browser imports this before anything that makes schemas; the gateway may compile.
 */
import * as z from 'zod/mini';

z.config({ jitless: true });
