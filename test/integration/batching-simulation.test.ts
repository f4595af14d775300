import { describe, expect, test } from 'vitest';
import { arrivals } from '../../bench/simulation/arrivals.mjs';
import { largest, machines, runMs } from '../../bench/simulation/curves.mjs';
import { ours } from '../../bench/simulation/ours.mjs';
import { rivals } from '../../bench/simulation/rivals.mjs';
import { simulate } from '../../bench/simulation/simulate.mjs';
import { CostCurve, Scheduler } from '../../gateway/scheduling/index.ts';

const trial = (machine: (typeof machines)[number], arrival: string, load: number, seed = 1) => ({
  machine,
  arrival,
  load,
  seed,
  deadlineMs: 3 * runMs(machine, largest(machine)),
  requests: 300,
});

describe('the simulation of batching', () => {
  test.each(machines)('ends and comes out the same for the same seed, for every policy on $name', async (machine) => {
    for (const arrival of Object.keys(arrivals)) {
      const about = trial(machine, arrival, 0.9);
      const others = Object.values(rivals(machine, about.deadlineMs)).map(([first]) => first);
      for (const create of [(world: Parameters<typeof ours>[0]) => ours(world, { Scheduler, CostCurve }), ...others]) {
        if (!create) throw new Error('Each has a setting.');
        const once = await simulate({ ...about, create });
        expect(once.latencies.length).toBeGreaterThan(0);
        expect(once.goodput).toBeGreaterThan(0);
        expect(await simulate({ ...about, create })).toEqual(once);
        expect(await simulate({ ...about, seed: 2, create })).not.toEqual(once);
      }
    }
  });

  test('under twice the load that a machine can take, it goes on answering in time what it can', async () => {
    for (const machine of machines) {
      const create = (world: Parameters<typeof ours>[0]) => ours(world, { Scheduler, CostCurve });
      const { goodput } = await simulate({ ...trial(machine, 'Poisson', 2), requests: 2000, create });
      expect(goodput, machine.name).toBeGreaterThan(0.45);
    }
  });
});
