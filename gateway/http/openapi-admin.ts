/** The admin API's part of the OpenAPI document: one row a call, from the schemas that the code itself uses. */
import { z } from 'zod';
import {
  ADMIN_SCHEMAS,
  canaryRequestSchema,
  importRequestSchema,
  labelNameSchema,
  labelSchema,
  promoteSchema,
  publishSchema,
  versionPolicySchema,
} from '../../core/admin.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { ADMIN } from './admin-path.ts';
import { binary, type Json, json, jsonSchema, parameter, problems } from './openapi-parts.ts';

export const SECURITY_SCHEMES = {
  clientToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'One of the tokens in TWINLENS_CLIENT_TOKENS_FILE of the gateway. Without that file none is needed.',
  },
  adminToken: {
    type: 'http',
    scheme: 'bearer',
    description:
      'TWINLENS_ADMIN_TOKEN of the gateway. Without one only this machine may ask, and changes need the header x-twinlens-admin: 1.',
  },
} as const;

export const ADMIN_COMPONENTS = {
  AdminOverview: jsonSchema(ADMIN_SCHEMAS.overview),
  AdminModel: jsonSchema(ADMIN_SCHEMAS.model),
  SourceStatus: jsonSchema(ADMIN_SCHEMAS.source),
  ImportReport: jsonSchema(ADMIN_SCHEMAS.report),
  Imports: jsonSchema(z.object({ imports: z.array(ADMIN_SCHEMAS.report) })),
  Upload: jsonSchema(ADMIN_SCHEMAS.upload),
  Journal: jsonSchema(z.object({ entries: z.array(ADMIN_SCHEMAS.journalEntry) })),
  VersionPolicy: jsonSchema(versionPolicySchema),
  CanaryRequest: jsonSchema(canaryRequestSchema),
  LabelRequest: jsonSchema(labelSchema),
  PromoteRequest: jsonSchema(promoteSchema),
  ImportRequest: jsonSchema(importRequestSchema),
  PublishRequest: jsonSchema(publishSchema),
};

const text: Json = { type: 'string' };
const whole = (maximum: number): Json => ({ type: 'integer', minimum: 1, maximum });

const PARAMETERS = {
  name: parameter('name', 'path', text, 'Name of the model, or of the source.'),
  version: parameter('version', 'path', whole(2_147_483_647), 'Version of the model.'),
  label: parameter('label', 'path', jsonSchema(labelNameSchema), 'Label: stable, canary or an own one.'),
  model: parameter('model', 'path', text, 'Name of a model that the source offers.'),
  id: parameter('id', 'path', text, 'Id of the import.'),
} as const;

interface Call {
  readonly id: string;
  readonly summary: string;
  /** Name of the body's schema. */
  readonly body?: keyof typeof ADMIN_COMPONENTS;
  readonly status?: number;
  /** Name of the answer's schema; without one there is no body. */
  readonly answer?: keyof typeof ADMIN_COMPONENTS;
  readonly query?: readonly Json[];
  readonly errors?: readonly ErrorCode[];
}

/** Codes that every call may end with. */
const GATE: readonly ErrorCode[] = ['INVALID_ARGUMENT', 'UNAUTHENTICATED', 'PERMISSION_DENIED', 'RATE_LIMITED'];
const CHANGE: readonly ErrorCode[] = ['UNSUPPORTED_MEDIA', 'DRAINING', 'UNAVAILABLE'];
const MODEL: readonly ErrorCode[] = ['MODEL_NOT_FOUND', 'CONFLICT', 'ENGINE_FAILED', 'DEADLINE_EXCEEDED'];

/** Changes of a model answer the model after them. */
const change = (id: string, summary: string, body?: Call['body']): Call => ({
  id,
  summary,
  answer: 'AdminModel',
  errors: MODEL,
  ...(body ? { body } : {}),
});

const CALLS: Readonly<Record<string, Readonly<Partial<Record<'get' | 'post' | 'put' | 'delete', Call>>>>> = {
  '': { get: { id: 'adminOverview', summary: 'Everything at a glance.', answer: 'AdminOverview' } },
  '/session': { get: { id: 'adminSession', summary: 'Whether the token opens the admin API.', status: 204 } },
  '/journal': {
    get: {
      id: 'adminJournal',
      summary: 'Who did what when, newest first.',
      answer: 'Journal',
      query: [
        parameter('limit', 'query', { ...whole(1000), default: 100 }, 'Entries wanted.'),
        parameter('before', 'query', whole(Number.MAX_SAFE_INTEGER), 'Only older ones, milliseconds since 1970.'),
      ],
    },
  },
  '/models/{name}': {
    get: { id: 'adminModel', summary: 'One model.', answer: 'AdminModel', errors: ['MODEL_NOT_FOUND'] },
  },
  '/models/{name}/versions/{version}/load': { post: change('loadVersion', 'Load a version; waits until it serves.') },
  '/models/{name}/versions/{version}/unload': {
    post: change('unloadVersion', 'Unload a version; waits for its requests.'),
  },
  '/models/{name}/versions/{version}': {
    delete: change('removeVersion', 'Unload a version and delete its files. 204 when the model is gone with it.'),
  },
  '/models/{name}/promote': {
    post: change('promote', 'Move stable to a version, or to the canary.', 'PromoteRequest'),
  },
  '/models/{name}/rollback': { post: change('rollback', 'Move stable back to where it was.') },
  '/models/{name}/follow-newest': { post: change('followNewest', 'Let stable follow the newest version again.') },
  '/models/{name}/hold': { post: change('hold', 'Keep stable where it is when newer versions come.') },
  '/models/{name}/labels/{label}': {
    put: change('setLabel', 'Move a label.', 'LabelRequest'),
    delete: change('removeLabel', 'Take a label away.'),
  },
  '/models/{name}/policy': { put: change('setPolicy', 'Choose the versions that are served.', 'VersionPolicy') },
  '/models/{name}/canary': {
    put: change('setCanary', 'Begin or change a canary.', 'CanaryRequest'),
    delete: change('endCanary', 'End the canary; stable answers everything.'),
  },
  '/uploads': {
    post: {
      id: 'upload',
      summary: 'Hand a file in, as its bytes: .tar, .tar.gz, .zip or .onnx. It is kept for an hour.',
      status: 201,
      answer: 'Upload',
      query: [{ ...parameter('fileName', 'query', text, 'Its name; the ending counts.'), required: true }],
      errors: ['PAYLOAD_TOO_LARGE', 'QUEUE_FULL', 'DEADLINE_EXCEEDED'],
    },
  },
  '/imports': {
    get: { id: 'imports', summary: 'Imports, newest first.', answer: 'Imports' },
    post: {
      id: 'startImport',
      summary: 'Check an upload, or the file at an address. Nothing is published yet.',
      body: 'ImportRequest',
      status: 202,
      answer: 'ImportReport',
      errors: ['NOT_FOUND', 'CONFLICT', 'QUEUE_FULL'],
    },
  },
  '/imports/{id}': {
    get: { id: 'importReport', summary: 'How far an import is.', answer: 'ImportReport', errors: ['NOT_FOUND'] },
    delete: { id: 'discardImport', summary: 'Cancel or forget it.', status: 204, errors: ['NOT_FOUND', 'CONFLICT'] },
  },
  '/imports/{id}/publish': {
    post: {
      id: 'publishImport',
      summary: 'Publish a package that is ready.',
      body: 'PublishRequest',
      answer: 'ImportReport',
      errors: ['NOT_FOUND', 'CONFLICT', 'ENGINE_FAILED'],
    },
  },
  '/sources/{name}/check': {
    post: { id: 'checkSource', summary: 'Look for new versions now.', answer: 'SourceStatus', errors: ['NOT_FOUND'] },
  },
  '/sources/{name}/follows/{model}': {
    put: { id: 'follow', summary: 'Fetch a model and keep it current.', answer: 'SourceStatus', errors: ['NOT_FOUND'] },
    delete: { id: 'unfollow', summary: 'Follow it no longer.', answer: 'SourceStatus', errors: ['NOT_FOUND'] },
  },
};

export function adminPaths(): Json {
  return Object.fromEntries(
    Object.entries(CALLS).map(([path, calls]) => [
      ADMIN + path,
      Object.fromEntries(Object.entries(calls).map(([method, call]) => [method, operation(path, method, call)])),
    ]),
  );
}

function operation(path: string, method: string, call: Call): Json {
  const { id, summary, body, status = 200, answer, query = [], errors = [] } = call;
  const inPath = Object.entries(PARAMETERS).filter(([name]) => path.includes(`{${name}}`));
  const content = body
    ? { 'application/json': { schema: { $ref: `#/components/schemas/${body}` } } }
    : path === '/uploads' && { 'application/octet-stream': { schema: binary } };
  return {
    operationId: id,
    summary,
    tags: ['admin'],
    // The empty one: from this machine, when no token is configured.
    security: [{ adminToken: [] }, {}],
    parameters: [...inPath.map(([, described]) => described), ...query],
    ...(content ? { requestBody: { required: body !== 'PromoteRequest', content } } : {}),
    responses: {
      [status]: answer ? json(answer, 'As it is afterwards.') : { description: 'Yes.' },
      ...problems(...GATE, ...(method === 'get' ? [] : CHANGE), ...errors),
    },
  };
}
