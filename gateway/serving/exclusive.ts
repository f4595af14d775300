/** One change a model at a time: a second one is told what it would cross, instead of waiting for it. */
import { TwinlensError } from '../../core/errors.ts';

export class Exclusive {
  readonly #underWay = new Map<string, string>();

  /** Rejects with CONFLICT while another change of `name` is under way. @param what such as `promoting version 3` */
  async run<T>(name: string, what: string, work: () => Promise<T>): Promise<T> {
    const other = this.#underWay.get(name);
    if (other !== undefined) {
      throw new TwinlensError('CONFLICT', `${name} is being changed (${other}); try again when that is done.`);
    }
    this.#underWay.set(name, what);
    try {
      return await work();
    } finally {
      this.#underWay.delete(name);
    }
  }
}
