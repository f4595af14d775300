/** How models, versions and labels are named, in manifests and in every body that names one. */
import * as z from 'zod/mini';

const WORDS = 'lower case letters, digits, dot, dash and underscore';

export const modelNameSchema = z.string().check(z.regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, WORDS));
export const versionSchema = z.int().check(z.minimum(1), z.maximum(2_147_483_647));
export const labelNameSchema = z.string().check(z.regex(/^[a-z][a-z0-9._-]{0,31}$/, WORDS));
