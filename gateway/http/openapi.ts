/** The OpenAPI 3.1 description of the HTTP half, made from the schemas that the code itself uses. */
import { z } from 'zod';
import { IMAGE_ENCODINGS } from '../../core/engine.ts';
import { ERROR_TABLE, type ErrorCode, errorRow } from '../../core/errors.ts';
import { SCHEMAS } from '../../core/protocol.ts';
import { PROBLEM_TYPE } from '../problem.ts';
import { classifyQuery } from './classify.ts';

type Json = { readonly [key: string]: unknown };

function jsonSchema(schema: z.ZodType): Json {
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

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (name: string, description: string) => ({
  description,
  content: { 'application/json': { schema: ref(name) } },
});
const binary = { type: 'string', format: 'binary' };

/** Answers of these codes, one entry a status. */
function problems(...codes: ErrorCode[]): Json {
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

const parameter = (name: string, place: 'path' | 'query', schema: Json, description: string) => ({
  name,
  in: place,
  required: place === 'path',
  schema,
  description,
});

export function openApi(version: string): Json {
  const error = jsonSchema(SCHEMAS.error);
  const { message, ...shared } = error.properties as Json;
  const name = parameter('name', 'path', { type: 'string' }, 'Name of the model.');
  const number = (maximum: number) => ({ type: 'integer', minimum: 1, maximum });
  return {
    openapi: '3.1.0',
    info: {
      title: 'Twinlens',
      version,
      description: 'Classifies images. Live frames and events: the WebSocket at /v1/stream, see docs/protocol.md.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: {
      '/v1/classify': {
        post: {
          operationId: 'classify',
          summary: 'Classify one picture.',
          parameters: [
            parameter('model', 'query', jsonSchema(classifyQuery.shape.model), 'name, name@version or name:label.'),
            parameter('top', 'query', { ...number(100_000), default: 5 }, 'Predictions wanted.'),
            parameter('deadlineMs', 'query', number(600_000), 'Milliseconds after which no answer is wanted.'),
            parameter('priority', 'query', jsonSchema(classifyQuery.shape.priority), 'Default normal.'),
            parameter(
              'key',
              'query',
              jsonSchema(classifyQuery.shape.key),
              'Requests with the same key are answered by the same version while a canary runs.',
            ),
          ],
          requestBody: {
            required: true,
            content: {
              ...Object.fromEntries(IMAGE_ENCODINGS.map((encoding) => [`image/${encoding}`, { schema: binary }])),
              'application/octet-stream': { schema: binary },
              'multipart/form-data': {
                schema: { type: 'object', properties: { image: binary }, required: ['image'] },
              },
            },
          },
          responses: {
            200: json('Classification', 'The classes of the picture, best first.'),
            ...problems(
              'INVALID_ARGUMENT',
              'MODEL_NOT_FOUND',
              'PAYLOAD_TOO_LARGE',
              'UNSUPPORTED_MEDIA',
              'UNDECODABLE_IMAGE',
              'QUEUE_FULL',
              'ENGINE_FAILED',
              'INTERNAL',
              'MODEL_NOT_READY',
              'DRAINING',
              'UNAVAILABLE',
              'DEADLINE_EXCEEDED',
            ),
          },
        },
      },
      '/v1/models': {
        get: { operationId: 'models', summary: 'All models.', responses: { 200: json('Models', 'The models.') } },
      },
      '/v1/models/{name}': {
        get: {
          operationId: 'model',
          summary: 'One model with its versions and their manifests.',
          parameters: [name],
          responses: { 200: json('ModelDetail', 'The model.'), ...problems('MODEL_NOT_FOUND') },
        },
      },
      '/v1/models/{name}/versions/{version}/files/{path}': {
        get: {
          operationId: 'modelFile',
          summary: 'A file of a version: model.json, or one that it names. The path may have slashes.',
          parameters: [
            name,
            parameter('version', 'path', number(2_147_483_647), 'Version of the model.'),
            parameter('path', 'path', { type: 'string' }, 'Path inside the package.'),
          ],
          responses: {
            200: { description: 'The file; its ETag is its sha256.', content: { '*/*': { schema: binary } } },
            206: { description: 'The range that was asked for.', content: { '*/*': { schema: binary } } },
            304: { description: 'The client has it already.' },
            416: { description: 'The range is outside of the file.' },
            ...problems('MODEL_NOT_FOUND', 'NOT_FOUND'),
          },
        },
      },
      '/health': {
        get: {
          operationId: 'health',
          summary: 'State of the gateway in words.',
          responses: {
            200: { description: 'State.', content: { 'application/json': { schema: { type: 'object' } } } },
          },
        },
      },
      '/health/live': {
        get: { operationId: 'live', summary: 'The process runs.', responses: { 200: { description: 'It does.' } } },
      },
      '/health/ready': {
        get: {
          operationId: 'ready',
          summary: 'Every model can answer.',
          responses: { 200: { description: 'It is ready.' }, ...problems('MODEL_NOT_READY') },
        },
      },
      '/metrics': {
        get: {
          operationId: 'metrics',
          summary: 'Prometheus metrics.',
          responses: { 200: { description: 'Text.', content: { 'text/plain': { schema: { type: 'string' } } } } },
        },
      },
      '/openapi.json': {
        get: {
          operationId: 'openapi',
          summary: 'This document.',
          responses: {
            200: { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: { type: 'object' } } } },
          },
        },
      },
    },
    components: {
      schemas: {
        Classification: jsonSchema(SCHEMAS.classification.extend({ id: z.string() })),
        Models: jsonSchema(SCHEMAS.models),
        ModelDetail: jsonSchema(SCHEMAS.modelDetail),
        Problem: {
          type: 'object',
          properties: {
            type: { const: 'about:blank' },
            title: { type: 'string' },
            status: { type: 'integer' },
            detail: message,
            ...shared,
            instance: { type: 'string', description: 'Id of the request.' },
          },
          required: ['type', 'title', 'status', 'detail', 'code', 'retryable', 'instance'],
        },
      },
    },
  };
}
