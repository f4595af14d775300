/** Fields that several of the admin API's bodies have. */
import { z } from 'zod';

/** 0..1 */
export const share = z.number().min(0).max(1);
export const progress = z.object({ loadedBytes: z.number(), totalBytes: z.number() });
