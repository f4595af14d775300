import { describe, expect, it } from 'vitest';
import { settle } from '../../test/doubles/fake-clock.ts';
import { FakeSource } from '../../test/doubles/fake-source.ts';
import { startServing } from '../../test/support/serving.ts';
import { temporaryFolders } from '../../test/support/temporary.ts';

const fresh = temporaryFolders();

const offer = { model: 'resnet', version: 1, title: 'ResNet', licence: 'Apache-2.0', bytes: 1, followed: false };

describe('sources', () => {
  it('follow what an operator chose and what is configured, also after a restart', async () => {
    const data = fresh();
    const make = async () => {
      const models = new FakeSource();
      const zoo = new FakeSource('zoo', 'catalogue');
      zoo.has([], { offers: [offer] });
      const environment = { TWINLENS_FOLLOW: 'mobilenet' };
      return { zoo, ...(await startServing({ data, environment, sources: [models, zoo] })) };
    };
    const first = await make();
    expect(first.zoo.followed).toEqual(['mobilenet']);
    const { operations } = first.registry;
    await operations.follow('zoo', 'resnet', 'admin');
    expect(first.zoo.followed).toEqual(['mobilenet', 'resnet']);
    await expect(operations.follow('zoo', 'nothing', 'admin')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(operations.follow('nowhere', 'resnet', 'admin')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(operations.unfollow('zoo', 'mobilenet', 'admin')).rejects.toMatchObject({ code: 'CONFLICT' });
    const second = await make();
    expect(second.zoo.followed).toEqual(['mobilenet', 'resnet']);
    await second.registry.operations.unfollow('zoo', 'resnet', 'admin');
    expect(second.zoo.followed).toEqual(['mobilenet']);
    await expect(second.registry.operations.unfollow('zoo', 'resnet', 'admin')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('that take long to answer for the first time hold up no other', async () => {
    const models = new FakeSource();
    const zoo = new FakeSource('zoo', 'catalogue');
    zoo.start = () => new Promise(() => undefined);
    const { registry } = await startServing({ sources: [models, zoo] });
    expect(registry.operations.sources().map(({ name }) => name)).toEqual(['models', 'zoo']);
  });

  it('serve what they kept before their first check is over, and that is no news', async () => {
    const zoo = new FakeSource('zoo', 'catalogue');
    let checked: () => void = () => undefined;
    zoo.start = () =>
      new Promise((resolve) => {
        checked = resolve;
      });
    const { registry, source, publish } = await startServing({ data: fresh(), sources: [zoo] });
    publish(4);
    zoo.has(source.snapshot.aspired);
    await settle();
    expect(registry.list()[0]?.versions).toEqual([4]);
    checked();
    await settle();
    await registry.operations.note({ actor: 'test', action: 'mark', detail: '' });
    expect(registry.operations.journal(100).some(({ action }) => action === 'version-found')).toBe(false);
  });

  it('tell in the journal what came and went while the gateway ran, not what was there at the start', async () => {
    const { registry, publish } = await startServing({ data: fresh(), versions: [1, 2] });
    publish(2, 3);
    await settle();
    await registry.operations.note({ actor: 'test', action: 'mark', detail: '' });
    const told = registry.operations.journal(100).filter(({ actor }) => actor === 'models');
    expect(told.map(({ action, version }) => [action, version]).reverse()).toEqual([
      ['version-found', 3],
      ['version-gone', 1],
    ]);
  });

  it('tell once in the log what they refuse', async () => {
    const { source, log } = await startServing();
    for (let time = 0; time < 3; time += 1) source.has([], { refused: [{ what: 'broken', reason: 'No manifest.' }] });
    expect(log.filter(({ fields }) => fields.event_type === 'model_refused')).toMatchObject([
      { level: 'error', fields: { what: 'broken' }, message: 'No manifest.' },
    ]);
  });

  it('warn once of a configured model that no catalogue lists, as soon as all have answered, and show it', async () => {
    const [models, zoo, farm] = [
      new FakeSource(),
      new FakeSource('zoo', 'catalogue'),
      new FakeSource('farm', 'catalogue'),
    ];
    const environment = { TWINLENS_FOLLOW: 'resnet,resmet' };
    const { registry, log } = await startServing({ environment, sources: [models, zoo, farm] });
    const warned = () => log.filter(({ fields }) => fields.event_type === 'follow_unlisted');
    const shown = () => registry.operations.sources().map(({ refused }) => refused.map(({ what }) => what));
    zoo.has([], { lastCheckAt: 1, offers: [offer] });
    farm.has([], { lastCheckAt: 1, error: 'It does not answer.' });
    expect([warned(), shown()]).toEqual([[], [[], [], []]]);
    for (let time = 2; time < 5; time += 1) farm.has([], { lastCheckAt: time, error: undefined });
    expect(warned()).toMatchObject([{ level: 'warn', fields: { model: 'resmet' } }]);
    expect(shown()).toEqual([[], ['resmet'], ['resmet']]);
    farm.has([], { offers: [{ ...offer, model: 'resmet' }] });
    expect(shown()).toEqual([[], [], []]);
  });

  it('tell in the log why they can not be asked, each reason once, and when that is over', async () => {
    const { source, log } = await startServing();
    for (const error of ['It is a web page.', 'It is a web page.', 'It is away.', undefined, undefined]) {
      source.has([], { error });
    }
    expect(log.filter(({ fields }) => fields.source === 'models')).toMatchObject([
      { level: 'warn', fields: { event_type: 'source_failed' }, message: 'It is a web page.' },
      { level: 'warn', fields: { event_type: 'source_failed' }, message: 'It is away.' },
      { level: 'info', fields: { event_type: 'source_recovered' } },
    ]);
  });

  it('that have a version of one that comes before them do not serve it, and say so', async () => {
    const models = new FakeSource();
    const copies = new FakeSource('copies');
    const { registry, source, publish, log } = await startServing({ sources: [models, copies] });
    publish(4);
    const [version] = source.snapshot.aspired;
    if (!version) throw new Error('the source has no version');
    models.has([{ ...version, source: 'models' }]);
    copies.has([{ ...version, source: 'copies' }]);
    await settle();
    const { name } = version;
    expect(registry.operations.model(name).versions.map(({ source: from }) => from)).toEqual(['models']);
    const refused = registry.operations.sources().map(({ refused: list }) => list.map(({ what }) => what));
    expect(refused).toEqual([[], [`${name}@4`]]);
    expect(log.filter(({ fields }) => fields.event_type === 'model_refused')).toMatchObject([
      { fields: { source: 'copies', what: `${name}@4` } },
    ]);
  });

  it('are checked when somebody asks; after a publication all folders are', async () => {
    const models = new FakeSource();
    const zoo = new FakeSource('zoo', 'catalogue');
    const { registry } = await startServing({ sources: [models, zoo] });
    const before = [models.checks, zoo.checks];
    await registry.operations.published();
    expect(await registry.operations.check('zoo')).toMatchObject({ name: 'zoo' });
    expect([models.checks, zoo.checks]).toEqual(before.map((checks) => checks + 1));
    await expect(registry.operations.check('nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
