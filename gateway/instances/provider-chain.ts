/**
 * Tries execution providers in their order until one really works. What "works" means is the caller's: for an
 * instance that the session is made, the goldens pass and every batch size runs. Pure.
 */
import type { GatewayProvider } from '../../core/engine.ts';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';

export interface Chosen<T> {
  readonly value: T;
  /** Why the providers before it were passed over; undefined when it was the first. */
  readonly note: string | undefined;
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? text;

/** Rejects with the last provider's own error when none works, with the reasons of the others behind it. */
export async function firstThatWorks<T>(
  providers: readonly GatewayProvider[],
  attempt: (provider: GatewayProvider) => Promise<T>,
): Promise<Chosen<T>> {
  const reasons: string[] = [];
  let last = new TwinlensError('INVALID_ARGUMENT', 'No execution provider is to be tried.');
  for (const provider of providers) {
    try {
      const value = await attempt(provider);
      return { value, note: reasons.length === 0 ? undefined : `${provider} runs the model: ${reasons.join('; ')}.` };
    } catch (error) {
      last = asTwinlensError(error);
      reasons.push(`${provider} does not (${firstLine(last.message)})`);
    }
  }
  if (reasons.length < 2) throw last;
  const before = reasons.slice(0, -1).join('; ');
  throw new TwinlensError(last.code, `${last.message} Before it: ${before}.`, { cause: last });
}
