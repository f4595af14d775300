/** The few things that the page asks of the browser by itself. */
import { browserClock } from './clock.ts';

/** `crypto.randomUUID` is missing on insecure origins. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has begun once the click returns, but some browsers read the URL later.
  browserClock.after(60_000, () => URL.revokeObjectURL(url));
}

export function registerServiceWorker(): void {
  if (process.env.NODE_ENV !== 'production' || !window.isSecureContext || !('serviceWorker' in navigator)) return;
  // Without it the page works, only not offline.
  navigator.serviceWorker.register('/service-worker.js').catch(() => undefined);
}
