import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Admission, Breaker, type Ending } from './breaker.ts';

const ENDINGS = ['answered', 'fault', 'neither'] as const satisfies Ending[];

function setup(failures = 3) {
  const clock = { ms: 0 };
  const breaker = new Breaker({ failures, openMs: 100, now: () => clock.ms });
  const end = (...endings: Ending[]) => {
    for (const ending of endings) breaker.admit()?.ended(ending);
  };
  return { clock, breaker, end };
}

describe('a breaker', () => {
  test('opens at so many faults in a row, and not when an answer came between', () => {
    const { breaker, end } = setup();
    end('fault', 'fault', 'answered', 'fault', 'fault');
    expect(breaker.state).toBe('closed');
    end('fault');
    expect([breaker.state, breaker.waitMs, breaker.admit()]).toEqual(['open', 100, undefined]);
  });

  test('mistakes of clients neither open it nor hide the faults between them', () => {
    const { breaker, end } = setup();
    end('neither', 'neither', 'neither', 'fault', 'neither', 'fault', 'neither');
    expect(breaker.state).toBe('closed');
    end('fault');
    expect(breaker.state).toBe('open');
  });

  test('after its time one probe is let through, whose answer closes it', () => {
    const { breaker, clock, end } = setup();
    end('fault', 'fault', 'fault');
    clock.ms = 99;
    expect(breaker.admit()).toBeUndefined();
    clock.ms = 100;
    const probe = breaker.admit();
    expect([breaker.state, breaker.admit()]).toEqual(['half-open', undefined]);
    probe?.ended('answered');
    expect(breaker.state).toBe('closed');
    end('fault', 'fault');
    expect(breaker.state, 'it counts from nothing').toBe('closed');
  });

  test('a probe that fails opens it for as long again', () => {
    const { breaker, clock, end } = setup();
    end('fault', 'fault', 'fault');
    clock.ms = 150;
    end('fault');
    expect([breaker.state, breaker.waitMs]).toEqual(['open', 100]);
  });

  test('a probe that says nothing of the engine leaves its place to the next request', () => {
    const { breaker, clock, end } = setup();
    end('fault', 'fault', 'fault');
    clock.ms = 100;
    end('neither');
    expect(breaker.waitMs).toBe(0);
    end('answered');
    expect(breaker.state).toBe('closed');
  });

  test('what began before it opened does not count afterwards', () => {
    const { breaker, clock, end } = setup();
    const [early, late] = [breaker.admit(), breaker.admit()];
    end('fault', 'fault', 'fault');
    clock.ms = 50;
    early?.ended('fault');
    expect([breaker.state, breaker.waitMs]).toEqual(['open', 50]);
    clock.ms = 100;
    const probe = breaker.admit();
    late?.ended('fault');
    expect(breaker.state).toBe('half-open');
    probe?.ended('answered');
    probe?.ended('fault');
    expect(breaker.state).toBe('closed');
  });

  test('0 failures: it never opens', () => {
    const { breaker, end } = setup(0);
    end(...Array.from({ length: 100 }, (): Ending => 'fault'));
    expect(breaker.state).toBe('closed');
  });

  test('in whatever order requests begin and end: one probe at a time, never closed but by an answer, never stuck', () => {
    const step = fc.record({
      kind: fc.constantFrom('begin', 'begin', 'end', 'end', 'wait'),
      at: fc.nat(20),
      ending: fc.constantFrom(...ENDINGS),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { breaker, clock } = setup(2);
        let inside: Admission[] = [];
        for (const { kind, at, ending } of steps) {
          const before = breaker.state;
          if (kind === 'wait') clock.ms += at * 10;
          else if (kind === 'begin') {
            const admission = breaker.admit();
            expect(admission === undefined).toBe(before === 'half-open' || (before === 'open' && breaker.waitMs > 0));
            if (admission) inside.push(admission);
          } else {
            const one = inside[at % Math.max(1, inside.length)];
            inside = inside.filter((other) => other !== one);
            one?.ended(ending);
            const after = breaker.state;
            if (before !== 'closed' && after === 'closed') expect([before, ending]).toEqual(['half-open', 'answered']);
            if (before === 'closed' && after !== 'closed') expect(ending).toBe('fault');
          }
        }
        for (const one of inside) one.ended('neither');
        clock.ms += 100;
        breaker.admit()?.ended('answered');
        expect(breaker.state).toBe('closed');
      }),
      { numRuns: 500 },
    );
  });
});
