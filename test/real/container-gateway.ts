/** The gateway in a container as production runs it: non-root, read-only, without capabilities, with limits. */
import { z } from 'zod';
import { podman, remove, start } from './containers.ts';
import { IMAGE } from './image.ts';

const READY_MS = 120_000;
const STOP_SECONDS = 40;
const EVERY_MS = 200;

export interface ContainerExit {
  readonly code: number;
  readonly outOfMemory: boolean;
  readonly seconds: number;
}

const ended = z.tuple([z.object({ State: z.object({ ExitCode: z.number(), OOMKilled: z.boolean() }) })]);

export class ContainerGateway {
  readonly name: string;
  readonly url: string;

  private constructor(name: string, url: string) {
    this.name = name;
    this.url = url;
  }

  /** Starts it; doesn't wait until it is ready. */
  static async start(name: string, options: readonly string[] = []): Promise<ContainerGateway> {
    await remove(name);
    const published = ['--publish', '127.0.0.1::8080', '--memory', '512m', '--cpus', '2'];
    const locked = ['--read-only', '--tmpfs', '/tmp', '--cap-drop=ALL', '--security-opt', 'no-new-privileges'];
    await start(name, [...published, ...locked, ...options, IMAGE]);
    const address = (await podman(['port', name, '8080/tcp'])).stdout.trim();
    return new ContainerGateway(name, `http://${address}`);
  }

  async ready(): Promise<void> {
    const until = performance.now() + READY_MS;
    while (performance.now() < until) {
      const status = await fetch(`${this.url}/health/ready`).then(
        (response) => response.status,
        () => 0, // It doesn't listen yet.
      );
      if (status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
    throw new Error(`Not ready within ${READY_MS} ms.\n${await this.log()}`);
  }

  async log(): Promise<string> {
    const { stdout, stderr } = await podman(['logs', this.name]);
    return stdout + stderr;
  }

  /** What a program for Node prints that runs beside the gateway, with its rights. */
  async run(program: string): Promise<unknown> {
    const node = ['/usr/local/bin/node', '-p', `JSON.stringify(${program})`];
    return JSON.parse((await podman(['exec', this.name, ...node])).stdout);
  }

  /** SIGTERM, and SIGKILL after 40 s. */
  async stop(): Promise<ContainerExit> {
    const begun = performance.now();
    await podman(['stop', '--time', String(STOP_SECONDS), this.name], (STOP_SECONDS + 20) * 1000);
    const seconds = (performance.now() - begun) / 1000;
    const [{ State }] = ended.parse(JSON.parse((await podman(['inspect', this.name])).stdout));
    return { code: State.ExitCode, outOfMemory: State.OOMKilled, seconds };
  }

  remove(): Promise<void> {
    return remove(this.name);
  }
}
