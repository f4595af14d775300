/** Fields that several of the admin API's bodies have. */
import * as z from 'zod/mini';

/** 0..1 */
export const share = z.number().check(z.minimum(0), z.maximum(1));
export const progress = z.object({ loadedBytes: z.number(), totalBytes: z.number() });
