import { expect, test } from 'vitest';
import { LifecycleSimulation } from '../../test/support/lifecycle-simulation.ts';

/** SIMULATION_SEED=n SIMULATION_SCHEDULES=1 runs one schedule again; other seeds than these are other schedules. */
const FIRST_SEED = Number(process.env.SIMULATION_SEED ?? 1);
const SCHEDULES = Number(process.env.SIMULATION_SCHEDULES ?? 10_000);
const STEPS = 50;

test(`the invariants of serving hold over ${SCHEDULES} schedules`, { timeout: 180_000 }, async () => {
  const seen = { available: 0, retired: 0, failed: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SCHEDULES; seed += 1) {
    const simulation = new LifecycleSimulation(seed);
    await simulation.run(STEPS);
    if (simulation.broken.length > 0)
      expect.fail(`SIMULATION_SEED=${seed}: ${simulation.broken.join('; ')}\n  ${simulation.story.join('\n  ')}`);
    for (const kind of ['available', 'retired', 'failed'] as const) seen[kind] += simulation.seen[kind];
  }
  // A schedule in which nothing happens proves nothing. (A single one may be such.)
  if (SCHEDULES > 100) for (const count of Object.values(seen)) expect(count).toBeGreaterThan(SCHEDULES / 2);
});
