/** Reads `.github/workflows` for the tests of the pipeline. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { root } from './tools.ts';

const FOLDER = join(root, '.github/workflows');

const step = z.object({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).default({}),
});
const job = z.object({
  /** Of a job that is another workflow. */
  uses: z.string().optional(),
  'timeout-minutes': z.number().optional(),
  permissions: z.record(z.string(), z.string()).default({}),
  steps: z.array(step).default([]),
});
const workflow = z.object({
  name: z.string(),
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(z.string(), job),
});

export type Step = z.infer<typeof step>;

export interface Workflow extends z.infer<typeof workflow> {
  readonly file: string;
  readonly text: string;
}

export function readWorkflows(): readonly Workflow[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.yml'))
    .map((file) => {
      const text = readFileSync(join(FOLDER, file), 'utf8');
      return { file, text, ...workflow.parse(parse(text)) };
    });
}
