/** The OpenAPI 3.1 description of the HTTP half, made from the schemas that the code itself uses. */
import { z } from 'zod';
import { deviceReportSchema } from '../../core/device-report.ts';
import { DEFAULT_TOP, IMAGE_ENCODINGS } from '../../core/engine.ts';
import { SCHEMAS } from '../../core/protocol.ts';
import { MAX_TOP } from '../../core/top.ts';
import { classifyQuery } from './classify.ts';
import { ADMIN_COMPONENTS, adminPaths, SECURITY_SCHEMES } from './openapi-admin.ts';
import { binary, type Json, json, jsonSchema, parameter, problems, ref } from './openapi-parts.ts';

const HEALTH: Json = {
  type: 'object',
  properties: {
    status: { enum: ['ready', 'loading', 'draining', 'failing'] },
    version: { type: 'string' },
    uptimeSeconds: { type: 'integer' },
    inFlight: { type: 'integer' },
    sockets: { type: 'integer' },
    checks: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        properties: {
          ok: { type: 'boolean' },
          value: { type: ['number', 'string'], description: 'What was measured, or why nothing was.' },
          limit: { type: 'number' },
          unit: { type: 'string' },
          message: { type: 'string', description: 'Why it fails and what to do.' },
        },
        required: ['ok', 'value'],
      },
    },
    models: { type: 'array' },
  },
  required: ['status', 'checks', 'models'],
};

/** Of the clients' routes: a token, where the gateway asks for one. */
const CLIENT = { security: [{ clientToken: [] }, {}] };
const DOOR = ['UNAUTHENTICATED', 'RATE_LIMITED'] as const;

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
      ...adminPaths(),
      '/v1/classify': {
        post: {
          operationId: 'classify',
          ...CLIENT,
          summary: 'Classify one picture.',
          parameters: [
            parameter('model', 'query', jsonSchema(classifyQuery.shape.model), 'name, name@version or name:label.'),
            parameter('top', 'query', { ...number(MAX_TOP), default: DEFAULT_TOP }, 'Predictions wanted, at most all.'),
            parameter('deadlineMs', 'query', number(600_000), 'Milliseconds after which no answer is wanted.'),
            parameter('priority', 'query', jsonSchema(classifyQuery.shape.priority), 'Default normal.'),
            parameter(
              'key',
              'query',
              jsonSchema(classifyQuery.shape.key),
              'Requests with the same key are answered by the same version while a canary runs.',
            ),
            parameter('x-request-id', 'header', { type: 'string' }, 'Names the request in answer and log.'),
            parameter('traceparent', 'header', { type: 'string' }, 'W3C trace context; answered by traceresponse.'),
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
              ...DOOR,
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
      '/v1/device-reports': {
        post: {
          operationId: 'reportDevice',
          ...CLIENT,
          summary: 'How fast a page’s own device answered; only where the welcome of the WebSocket asks for it.',
          requestBody: { required: true, content: { 'application/json': { schema: ref('DeviceReport') } } },
          responses: {
            204: { description: 'Counted.' },
            ...problems('INVALID_ARGUMENT', 'NOT_FOUND', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA', ...DOOR),
          },
        },
      },
      '/v1/models': {
        get: {
          operationId: 'models',
          ...CLIENT,
          summary: 'All models.',
          responses: { 200: json('Models', 'The models.'), ...problems(...DOOR) },
        },
      },
      '/v1/models/{name}': {
        get: {
          operationId: 'model',
          ...CLIENT,
          summary: 'One model with its versions and their manifests.',
          parameters: [name],
          responses: { 200: json('ModelDetail', 'The model.'), ...problems(...DOOR, 'MODEL_NOT_FOUND') },
        },
      },
      '/v1/models/{name}/versions/{version}/files/{path}': {
        get: {
          operationId: 'modelFile',
          ...CLIENT,
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
            ...problems(...DOOR, 'MODEL_NOT_FOUND', 'NOT_FOUND'),
          },
        },
      },
      '/health': {
        get: {
          operationId: 'health',
          summary: 'State of the gateway, with a named check of each thing that it needs.',
          responses: {
            200: json('Health', 'All is well.'),
            503: json('Health', 'A check fails, no model can answer yet, or the gateway drains.'),
          },
        },
      },
      '/health/live': {
        get: { operationId: 'live', summary: 'The process runs.', responses: { 200: { description: 'It does.' } } },
      },
      '/health/startup': {
        get: {
          operationId: 'startup',
          summary: 'Every model could answer once; stays so.',
          responses: { 200: { description: 'It has started.' }, ...problems('MODEL_NOT_READY') },
        },
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
      securitySchemes: SECURITY_SCHEMES,
      schemas: {
        ...ADMIN_COMPONENTS,
        Classification: jsonSchema(z.object({ ...SCHEMAS.classification.shape, id: z.string() })),
        DeviceReport: jsonSchema(deviceReportSchema),
        Health: HEALTH,
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
