import { describe, expect, test } from 'vitest';
import { LogSink, type Output } from './log-sink.ts';

/** An output that takes what is written only when the test says so. */
class FakeOutput implements Output {
  readonly texts: string[] = [];
  readonly #done: (() => void)[] = [];
  #fail: (error: Error) => void = () => undefined;
  writableLength = 0;

  write(text: string, done: () => void): void {
    this.texts.push(text);
    this.writableLength += text.length;
    this.#done.push(() => {
      this.writableLength -= text.length;
      done();
    });
  }

  on(_event: 'error', listener: (error: Error) => void): void {
    this.#fail = listener;
  }

  take(): void {
    for (const done of this.#done.splice(0)) done();
  }

  breakPipe(): void {
    this.#fail(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  }
}

function sinkOf(output: Output, maxWaitingBytes = 1000) {
  const turns: (() => void)[] = [];
  const sink = new LogSink({
    output,
    maxWaitingBytes,
    later: (flush) => void turns.push(flush),
    lostLine: (lost) => `lost ${lost}\n`,
  });
  const turn = () => {
    for (const flush of turns.splice(0)) flush();
  };
  return { sink, turn };
}

describe('the sink of the log', () => {
  test('writes the lines of one turn together', () => {
    const output = new FakeOutput();
    const { sink, turn } = sinkOf(output);
    sink.write('a\n');
    sink.write('b\n');
    expect(output.texts).toEqual([]);
    turn();
    sink.write('c\n');
    turn();
    expect(output.texts).toEqual(['a\nb\n', 'c\n']);
  });

  test('loses lines rather than memory when the output stands still, and tells how many where they are missing', () => {
    const output = new FakeOutput();
    const { sink, turn } = sinkOf(output, 10);
    sink.write('12345678\n');
    turn();
    sink.write('lost-1\n');
    sink.write('lost-2\n');
    turn();
    expect([output.texts, sink.lost]).toEqual([['12345678\n'], 2]);
    output.take();
    sink.write('on again\n');
    turn();
    expect(output.texts.slice(1)).toEqual(['lost 2\non again\n']);
  });

  test('takes no part any more once the output is gone', async () => {
    const output = new FakeOutput();
    const { sink, turn } = sinkOf(output);
    sink.write('a\n');
    turn();
    const drained = sink.drained();
    output.breakPipe();
    await drained;
    sink.write('b\n');
    turn();
    await sink.drained();
    expect([output.texts, sink.lost]).toEqual([['a\n'], 1]);
  });

  test('is drained when the output has taken everything', async () => {
    const output = new FakeOutput();
    const { sink } = sinkOf(output);
    await sink.drained();
    sink.write('a\n');
    let drained = false;
    const waiting = sink.drained().then(() => {
      drained = true;
    });
    await Promise.resolve();
    expect([output.texts, drained]).toEqual([['a\n'], false]);
    output.take();
    await waiting;
  });
});
