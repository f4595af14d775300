/**
 * The gateway and its rivals with one model, ready to take turns under the same load over HTTP. Each rival runs with
 * the setting that was fastest for it when it was tried. Whoever has no turn sleeps, or is not started.
 */
// @ts-check
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startGateway } from './gateway.mjs';
import { startHelper } from './helper.mjs';
import { say } from './options.mjs';
import { missing } from './rivals/rivals.mjs';
import { startRival } from './rivals/server.mjs';

/** @typedef {import('./generator.mjs').LoadOrder} LoadOrder */
/** @typedef {import('./generator.mjs').LoadReport} LoadReport */
/** @typedef {import('./models.mjs').BenchModel} BenchModel */
/** @typedef {import('./rivals/rivals.mjs').Rival} Rival */
/** @typedef {import('./rivals/rivals.mjs').Setting} Setting */
/** @typedef {import('./rounds.mjs').Subject<LoadReport> & {title: string, about: string, stop: () => Promise<unknown>}} Contender */
/** @typedef {{photos: readonly string[], connections: number}} Load */
/** @typedef {ReturnType<typeof startHelper<LoadOrder, LoadReport>>} Generator */

/** @returns {Generator} */
export const startGenerator = () => startHelper('generator.mjs');

/** @param {Setting} setting */
const settingText = ({ workers, threads }) =>
  `${workers} process${workers === 1 ? '' : 'es'} x ${threads} thread${threads === 1 ? '' : 's'}`;

/** @param {BenchModel} model the only one that it serves */
export const startModelGateway = (model, options = {}) =>
  startGateway({
    ...options,
    fill: (models) => {
      mkdirSync(join(models, model.name));
      cpSync(model.folder, join(models, model.name), { recursive: true });
    },
  });

/** @param {BenchModel} model @param {Generator} generator @param {Load} load @returns {Promise<Contender>} */
export async function gatewayContender(model, generator, load) {
  const gateway = await startModelGateway(model);
  const order = {
    ...load,
    port: Number(new URL(gateway.base).port),
    path: '/v1/classify',
    form: /** @type {const} */ ('plain'),
  };
  return {
    name: 'twinlens',
    title: 'Twinlens gateway',
    about: 'as it comes',
    run: (seconds) => generator.ask({ ...order, seconds }, seconds),
    stop: gateway.stop,
  };
}

/**
 * @param {Rival} rival @param {BenchModel} model @param {Generator} generator
 * @param {Load & {trySeconds: number}} load
 * @returns {Promise<Contender>} rejects when no setting of it works
 */
async function rivalContender(rival, model, generator, { trySeconds, ...load }) {
  const { name, title, form, path, settings, sleeps } = rival;
  /** @param {{port: number}} server @param {number} seconds */
  const ask = ({ port }, seconds) => generator.ask({ ...load, port, path, form, seconds }, seconds);
  /** @type {{setting: Setting, perSecond: number}[]} */
  const tried = [];
  for (const setting of settings) {
    say(`trying ${name}: ${settingText(setting)}`);
    const server = await startRival(rival, setting, model);
    try {
      await ask(server, trySeconds / 2);
      const { perSecond, failed, sample } = await ask(server, trySeconds);
      if (perSecond === 0)
        throw new Error(`${title} answered nothing: ${JSON.stringify(failed)} ${sample.slice(0, 200)}`);
      tried.push({ setting, perSecond });
    } finally {
      await server.stop();
    }
  }
  const best = [...tried].sort((one, other) => other.perSecond - one.perSecond)[0]?.setting;
  if (!best) throw new Error(`${title} has no setting to try.`);
  const list = tried.map(({ setting, perSecond }) => `${settingText(setting)} ${perSecond.toFixed(0)}/s`);
  const about = `${settingText(best)} (tried: ${list.join(', ')})`;
  /** @type {Awaited<ReturnType<typeof startRival>> | undefined} */
  let server;
  return {
    name,
    title,
    about,
    wake: async () => {
      server ??= await startRival(rival, best, model);
      server.wake();
    },
    run: async (seconds) => {
      if (!server) throw new Error(`${name} is not awake.`);
      return ask(server, seconds);
    },
    rest: async () => {
      if (sleeps) return server?.sleep();
      await server?.stop();
      server = undefined;
    },
    stop: async () => server?.stop(),
  };
}

/**
 * Those rivals that run here, and why the others don't.
 * @param {readonly Rival[]} rivals @param {BenchModel} model @param {Generator} generator
 * @param {Load & {trySeconds: number}} load
 */
export async function rivalContenders(rivals, model, generator, load) {
  /** @type {Contender[]} */
  const contenders = [];
  /** @type {string[]} */
  const absent = [];
  for (const rival of rivals) {
    try {
      const why = missing(rival);
      if (why !== undefined) throw new Error(why);
      contenders.push(await rivalContender(rival, model, generator, load));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      say(`${rival.title} is left out: ${why}`);
      absent.push(`${rival.title}: ${why}`);
    }
  }
  return { contenders, absent };
}
