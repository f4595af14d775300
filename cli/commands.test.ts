import { describe, expect, test } from 'vitest';
import { parseInvocation } from './commands.ts';

const models = (line: string) => parseInvocation(['models', ...line.split(' ')]).command;

test.each<[string, object]>([
  ['list', { kind: 'list' }],
  ['pull resnet50 --source zoo', { kind: 'pull', model: 'resnet50', source: 'zoo' }],
  ['check', { kind: 'check', source: undefined }],
  ['promote mini', { kind: 'promote', model: 'mini', version: undefined }],
  ['promote mini@3', { kind: 'promote', model: 'mini', version: 3 }],
  ['rollback mini', { kind: 'rollback', model: 'mini' }],
  ['newest mini', { kind: 'newest', model: 'mini' }],
  ['unload mini@3', { kind: 'unload', model: 'mini', version: 3 }],
  ['remove mini@3 -y', { kind: 'remove', model: 'mini', version: 3, yes: true }],
  ['canary mini@3 10%', { kind: 'canary', model: 'mini', version: 3, share: 0.1 }],
  ['canary mini@3 0.1', { kind: 'canary', model: 'mini', version: 3, share: 0.1 }],
  ['canary mini --end', { kind: 'end-canary', model: 'mini' }],
  ['add a.onnx --preset caffe --classes imagenet-1k', { preset: 'caffe', classes: 'imagenet-1k', publish: undefined }],
  ['add a.tar --canary 5% --version 4', { from: 'a.tar', version: 4, publish: { as: 'canary', share: 0.05 } }],
  ['add a.tar --license MIT --hold', { licence: 'MIT', publish: { as: 'hold' } }],
  ['add a.tar --yes', { publish: { as: 'serve' } }],
])('models %s', (line, expected) => {
  expect(models(line)).toMatchObject(expected);
});

describe('what is wrong is said', () => {
  test.each([
    'frob',
    'add',
    'add a b',
    'add a --preset keras',
    'add a --version 0',
    'add a --serve --hold',
    'add a --canary 101%',
    'add a --canary much',
    'add a --source zoo',
    'list --yes',
    'promote mini@x',
    'promote mini@1@2',
    'load mini',
    'remove @1',
    'canary mini@1',
    'list --unknown',
  ])('models %s', (line) => {
    expect(() => models(line)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

test.each([[[]], [['--help']], [['models']], [['models', 'add', '-h']], [['help']]])('%j asks for help', (argv) => {
  expect(parseInvocation(argv).command).toBeUndefined();
});
