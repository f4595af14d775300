/** Pieces that the description of every path is made of. */
import { z } from 'zod';
import { ERROR_TABLE, type ErrorCode, errorRow } from '../../core/errors.ts';
import { PROBLEM_TYPE } from '../problem.ts';

export type Json = { readonly [key: string]: unknown };

export function jsonSchema(schema: z.core.$ZodType): Json {
  const { $schema, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      // The only custom schema is the error code.
      if (zodSchema._zod.def.type === 'custom') jsonSchema.enum = Object.keys(ERROR_TABLE);
    },
  });
  return json;
}

export const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
export const json = (name: string, description: string) => ({
  description,
  content: { 'application/json': { schema: ref(name) } },
});
export const binary = { type: 'string', format: 'binary' };

/** Answers of these codes, one entry a status. */
export function problems(...codes: ErrorCode[]): Json {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = errorRow(code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, names]) => [
      String(status),
      { description: names.join(', '), content: { [PROBLEM_TYPE]: { schema: ref('Problem') } } },
    ]),
  );
}

export const parameter = (name: string, place: 'path' | 'query' | 'header', schema: Json, description: string) => ({
  name,
  in: place,
  required: place === 'path',
  schema,
  description,
});
