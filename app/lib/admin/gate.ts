/**
 * Who may use the page: asks for the token when the gateway wants one and keeps it for this tab only. Guarantees
 * that a token which was refused is forgotten, and that nothing is sent while the gateway has locked this
 * machine out.
 */
import { asTwinlensError, type ErrorBody, toErrorBody } from '../../../core/errors.ts';
import type { TextStorage } from '../preferences.ts';
import { type ReadableStore, Store } from '../store.ts';
import type { AdminApi } from './api.ts';

export type GateState =
  /** Nothing is known yet: the first answer is awaited. */
  | { readonly state: 'asking' }
  /** `token`: one was entered, so that there is something to sign out of. */
  | { readonly state: 'open'; readonly token: boolean }
  | {
      readonly state: 'closed';
      readonly checking: boolean;
      readonly problem?: ErrorBody;
      /** Milliseconds since 1970 until which no token is looked at. */
      readonly lockedUntil?: number;
    }
  /** No token would help: this machine may not use the page. */
  | { readonly state: 'refused'; readonly problem: ErrorBody };

export interface GateOptions {
  readonly storage: (TextStorage & Pick<Storage, 'removeItem'>) | undefined;
  /** Milliseconds since 1970. */
  readonly today: () => number;
  readonly api: () => Pick<AdminApi, 'session'>;
}

const KEY = 'twinlens.admin-token';

export class Gate {
  readonly #options: GateOptions;
  readonly #view = new Store<GateState>({ state: 'asking' });
  #token: string | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#token = this.#stored();
  }

  get view(): ReadableStore<GateState> {
    return this.#view;
  }

  get token(): string | undefined {
    return this.#token;
  }

  /** An answer came with the token as it is. */
  answered(): void {
    const { state } = this.#view.get();
    if (state !== 'open') this.#view.set({ state: 'open', token: this.#token !== undefined });
  }

  /** Whether `failure` was one of this gate's: then the page shows it and nothing else needs to. */
  failed(failure: ErrorBody): boolean {
    switch (failure.code) {
      case 'UNAUTHENTICATED': {
        const entered = this.#token !== undefined;
        this.#forget();
        this.#view.set({ state: 'closed', checking: false, ...(entered ? { problem: failure } : {}) });
        return true;
      }
      case 'PERMISSION_DENIED':
        this.#view.set({ state: 'refused', problem: failure });
        return true;
      case 'RATE_LIMITED':
        this.#view.set({ state: 'closed', checking: false, problem: failure, ...this.#lock(failure) });
        return true;
      default:
        return false;
    }
  }

  async signIn(token: string): Promise<void> {
    const before = this.#view.get();
    if (before.state !== 'closed' || before.checking) return;
    if ((before.lockedUntil ?? 0) > this.#options.today()) return;
    this.#view.set({ state: 'closed', checking: true });
    try {
      await this.#options.api().session(token);
      this.#token = token;
      this.#write(token);
      this.#view.set({ state: 'open', token: true });
    } catch (failure) {
      const problem = toErrorBody(asTwinlensError(failure));
      const lock = problem.code === 'RATE_LIMITED' ? this.#lock(problem) : {};
      this.#view.set({ state: 'closed', checking: false, problem, ...lock });
    }
  }

  /** Asks once more where it was refused. */
  tryAgain(): void {
    if (this.#view.get().state === 'refused') this.#view.set({ state: 'asking' });
  }

  signOut(): void {
    this.#forget();
    this.#view.set({ state: 'closed', checking: false });
  }

  #lock({ retryAfterMs }: ErrorBody): { readonly lockedUntil?: number } {
    return retryAfterMs === undefined ? {} : { lockedUntil: this.#options.today() + retryAfterMs };
  }

  #stored(): string | undefined {
    try {
      return this.#options.storage?.getItem(KEY) || undefined;
    } catch {
      return undefined; // Storage may be forbidden by the browser's settings.
    }
  }

  #write(token: string): void {
    try {
      this.#options.storage?.setItem(KEY, token);
    } catch {
      // Forbidden or full: the token holds until the page is left.
    }
  }

  #forget(): void {
    this.#token = undefined;
    try {
      this.#options.storage?.removeItem(KEY);
    } catch {
      // What could not be looked at was not kept either.
    }
  }
}
