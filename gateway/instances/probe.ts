/**
 * Questions about an ONNX file that nobody trusts yet, each answered by a process that lives only for it. Guarantees
 * an answer or one TwinlensError within the time given, and that the process is gone by then: a file that crashes
 * ONNX Runtime, hangs or eats all memory is refused, and the gateway lives. Knows no package.
 */
import { fork } from 'node:child_process';
import { fromErrorBody, TwinlensError } from '../../core/errors.ts';
import { CHILD_STDIO, childProgram } from './child-program.ts';
import {
  type Answer,
  type Inspected,
  parseAnswer,
  type Question,
  type Recorded,
  type RecordOrder,
} from './probe-wire.ts';

export interface ProbeOptions {
  /** Milliseconds after which the process counts as hung and is killed. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const refused = (message: string) => new TwinlensError('INVALID_ARGUMENT', message);

function ask(question: Question, { timeoutMs, signal }: ProbeOptions): Promise<Exclude<Answer, { kind: 'failed' }>> {
  if (signal?.aborted) return Promise.reject(new TwinlensError('CANCELLED', 'Looking at the model was cancelled.'));
  return new Promise((resolve, reject) => {
    const child = fork(childProgram('probe-child'), [], {
      serialization: 'advanced',
      execArgv: ['--enable-source-maps'],
      stdio: CHILD_STDIO,
    });
    let outcome: (() => void) | undefined;
    const settle = (then: () => void) => {
      outcome ??= then;
      child.kill('SIGKILL');
    };
    const fail = (error: TwinlensError) => settle(() => reject(error));
    const timer = setTimeout(() => {
      fail(refused(`The model was not ready within ${timeoutMs} ms; it is too large for this machine, or it hangs.`));
    }, timeoutMs);
    const cancel = () => fail(new TwinlensError('CANCELLED', 'Looking at the model was cancelled.'));
    signal?.addEventListener('abort', cancel, { once: true });
    const end = (how: string) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      if (outcome) outcome();
      else reject(refused(`The model crashes the process that loads it (it ${how}), so it is refused.`));
    };
    child.on('message', (value) => {
      let answer: Answer;
      try {
        answer = parseAnswer(value);
      } catch {
        fail(refused('The process that looked at the model sent something that is no answer.'));
        return;
      }
      if (answer.kind === 'failed') fail(fromErrorBody(answer.error));
      else {
        const good = answer;
        settle(() => resolve(good));
      }
    });
    // The promise settles when the process is gone, so that a test or a shutdown leaves none behind.
    child.once('exit', (code, ended) => end(ended ? `was ended by ${ended}` : `ended with code ${code ?? 'unknown'}`));
    child.once('error', (error) => {
      outcome ??= () => reject(new TwinlensError('UNAVAILABLE', `No process can be started: ${error.message}.`));
      if (child.pid === undefined) end('could not be started');
    });
    // A failed send means that the process has ended: `exit` settles.
    child.send(question, () => undefined);
  });
}

const unexpected = () => new TwinlensError('INTERNAL', 'A probe answered another question.');

/** Inputs and outputs of the graph. Errors: INVALID_ARGUMENT, CANCELLED, UNAVAILABLE. */
export async function inspectModel(path: string, options: ProbeOptions): Promise<Inspected> {
  const answer = await ask({ kind: 'inspect', path }, options);
  if (answer.kind !== 'inspected') throw unexpected();
  return answer;
}

/** What the model gives for some pictures on the CPU. Errors: INVALID_ARGUMENT, CANCELLED, UNAVAILABLE. */
export async function recordScores(order: RecordOrder, options: ProbeOptions): Promise<Recorded> {
  const answer = await ask({ kind: 'record', ...order }, options);
  if (answer.kind !== 'recorded') throw unexpected();
  return answer;
}
