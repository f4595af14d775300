import { expect, test } from 'vitest';
import { openApi } from './openapi.ts';

interface Operation {
  readonly operationId: string;
  readonly security?: unknown;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, unknown>>;
}
const { paths, components } = openApi('1.2.3') as unknown as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
};
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

test('every operation has a name of its own, and every parameter of a path is described', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, operation } of operations) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const described = operation.parameters?.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
    expect([...(described ?? [])].sort(), path).toEqual([...names].sort());
  }
});

test('admin paths tell of the operators’ token, clients’ paths of theirs, others of none', () => {
  for (const { path, method, operation } of operations) {
    const admin = path.startsWith('/v1/admin');
    const kind = admin ? [{ adminToken: [] }, {}] : path.startsWith('/v1/') ? [{ clientToken: [] }, {}] : undefined;
    expect(operation.security, `${method} ${path}`).toEqual(kind);
    if (admin) expect(Object.keys(operation.responses), path).toEqual(expect.arrayContaining(['401', '403', '429']));
  }
});

test('every reference leads somewhere', () => {
  for (const [, name] of JSON.stringify(paths).matchAll(/#\/components\/schemas\/(\w+)/g)) {
    expect(components.schemas).toHaveProperty(name ?? '');
  }
});
