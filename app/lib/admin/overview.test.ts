import { expect, test } from 'vitest';
import type { AdminOverview } from '../../../core/admin.ts';
import { type ErrorBody, TwinlensError } from '../../../core/errors.ts';
import { FakeClock, settle } from '../../../test/doubles/fake-clock.ts';
import { aModel, anOverview, aReport, aVersion } from '../../../test/support/admin-samples.ts';
import { Overview } from './overview.ts';

function setUp() {
  const clock = new FakeClock(0);
  const asked: { readonly answer: (overview: AdminOverview) => void; readonly fail: (error: Error) => void }[] = [];
  const failures: ErrorBody[] = [];
  let ends = false;
  const overview = new Overview({
    clock,
    today: () => clock.now() + 1_000_000,
    ask: () => new Promise((answer, fail) => asked.push({ answer, fail })),
    onAnswer: () => undefined,
    onFailure: (error) => {
      failures.push(error);
      return ends;
    },
  });
  const answer = async (value = anOverview()) => {
    asked.at(-1)?.answer(value);
    await settle();
  };
  const fail = async () => {
    asked.at(-1)?.fail(new TwinlensError('UNAVAILABLE', 'Gone.'));
    await settle();
  };
  return { clock, asked, overview, answer, fail, endAtFailure: () => (ends = true), view: () => overview.view.get() };
}

test('the gateway is asked every two seconds, and quicker while something loads', async () => {
  const { clock, asked, overview, answer } = setUp();
  overview.refresh();
  await answer();
  await clock.advance(1_999);
  expect(asked).toHaveLength(1);
  await clock.advance(1);
  expect(asked).toHaveLength(2);
  await answer(anOverview({ models: [aModel({ versions: [aVersion(3, { state: 'loading' })] })] }));
  await clock.advance(500);
  expect(asked).toHaveLength(3);
});

test('an import under way is watched closely', async () => {
  const { clock, asked, overview, answer } = setUp();
  overview.refresh();
  await answer(anOverview({ imports: [aReport()] }));
  await clock.advance(500);
  expect(asked).toHaveLength(2);
});

test('one question at a time; what was asked for meanwhile follows at once', async () => {
  const { clock, asked, overview, answer } = setUp();
  overview.refresh();
  overview.refresh();
  expect(asked).toHaveLength(1);
  await answer();
  await clock.advance(0);
  expect(asked).toHaveLength(2);
});

test('while the page is hidden nothing is asked; seen again it asks at once', async () => {
  const { clock, asked, overview, answer } = setUp();
  overview.refresh();
  await answer();
  overview.pause('hidden', true);
  await clock.advance(60_000);
  expect(asked).toHaveLength(1);
  overview.pause('hidden', false);
  expect(asked).toHaveLength(2);
});

test('without an answer the last picture stays, with the time since when, and is replaced by the next', async () => {
  const { clock, overview, answer, fail, view } = setUp();
  overview.refresh();
  await answer();
  const before = view().overview;
  await clock.advance(2_000);
  await fail();
  expect(view()).toMatchObject({ overview: before, lost: { since: 1_002_000, error: { code: 'UNAVAILABLE' } } });
  await clock.advance(2_000);
  await fail();
  expect(view().lost?.since).toBe(1_002_000);
  await clock.advance(4_000);
  await answer(anOverview({ models: [] }));
  expect(view()).toMatchObject({ overview: { models: [] }, lost: undefined });
});

test('failures are followed by longer and longer waits, up to fifteen seconds', async () => {
  const { clock, asked, overview, fail } = setUp();
  overview.refresh();
  for (const wait of [2_000, 4_000, 8_000, 15_000, 15_000]) {
    await fail();
    const before = asked.length;
    await clock.advance(wait - 1);
    expect(asked).toHaveLength(before);
    await clock.advance(1);
    expect(asked).toHaveLength(before + 1);
  }
});

test('when somebody has to sign in, it is not asked on, and an answer that comes late is not shown', async () => {
  const { clock, asked, overview, answer, view } = setUp();
  overview.refresh();
  overview.pause('signed-out', true);
  await answer();
  await clock.advance(60_000);
  expect(view().overview).toBeUndefined();
  expect(asked).toHaveLength(1);
});

test('what a change answered is not overwritten by an answer from before it', async () => {
  const { clock, asked, overview, answer, view } = setUp();
  overview.refresh();
  await answer();
  await clock.advance(2_000);
  overview.put({ model: aModel({ labels: { stable: 1 } }) });
  await answer(anOverview());
  expect(view().overview?.models[0]?.labels.stable).toBe(1);
  await clock.advance(0);
  expect(asked).toHaveLength(3);
});
