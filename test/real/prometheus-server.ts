/** A real Prometheus on a port of its own with a folder of its own. Ends with the tests; knows no gateway. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'yaml';
import { z } from 'zod';
import { freePort } from '../support/free-port.ts';

const START_MS = 60_000;
const STOP_MS = 20_000;
const ASK_MS = 10_000;

const answer = z.discriminatedUnion('status', [
  z.object({ status: z.literal('success'), data: z.unknown() }),
  z.object({ status: z.literal('error'), error: z.string() }),
]);

export interface PrometheusServer {
  /** The data of an answer of its API, such as `targets` or `query?query=up`. Rejects with what it says is wrong. */
  api(path: string): Promise<unknown>;
  /** Values of an instant query, one a series. */
  values(expression: string): Promise<readonly number[]>;
  stop(): Promise<void>;
}

const vector = z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) });

/** @param configuration as prometheus.yml has it; resolves when the server takes requests */
export async function startPrometheus(
  program: string,
  folder: string,
  configuration: Readonly<Record<string, unknown>>,
): Promise<PrometheusServer> {
  const port = await freePort();
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, stringify(configuration));
  const place = [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, 'data')}`];
  const child = spawn(program, [...place, `--web.listen-address=127.0.0.1:${port}`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const told: string[] = [];
  const late = setTimeout(kill, START_MS);
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    createInterface({ input: child.stderr }).on('line', (line) => {
      told.push(line);
      if (line.includes('Server is ready to receive web requests')) resolve();
    });
    void gone.then(() => reject(new Error(`prometheus did not start:\n${told.join('\n')}`)));
  });
  clearTimeout(late);

  const api = async (path: string): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, { signal: AbortSignal.timeout(ASK_MS) });
    const said = answer.parse(await response.json());
    if (said.status === 'error') throw new Error(`${path}: ${said.error}`);
    return said.data;
  };
  return {
    api,
    values: async (expression) =>
      vector
        .parse(await api(`query?query=${encodeURIComponent(expression)}`))
        .result.map(({ value: [, text] }) => Number(text)),
    stop: async () => {
      const timer = setTimeout(kill, STOP_MS);
      child.kill('SIGTERM');
      await gone;
      clearTimeout(timer);
      process.off('exit', kill);
    },
  };
}
