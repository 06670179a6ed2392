import type { DeliveryOptions } from './delivery-options.js';

/** Interval for reading the token again while it is rejected. */
const REREAD_MILLIS = 5_000;

/** The token that is sent. While Matomo rejects it, it is read again if it came from a file. */
export class CurrentToken {
  value: string | undefined;
  readonly #read: DeliveryOptions['rereadToken'];
  #timer: NodeJS.Timeout | undefined;

  constructor({ tokenAuth, rereadToken }: DeliveryOptions) {
    this.value = tokenAuth;
    this.#read = rereadToken;
  }

  /** Reads the token again. Returns whether it is another one; a missing or empty file keeps the old one. */
  reread(): boolean {
    const token = this.#read?.() ?? this.value;
    const isNew = token !== this.value;
    this.value = token;
    return isNew;
  }

  /** Reads the token again and again until `stop` is called, or it is another one: then calls `onNew`. */
  watch(onNew: () => void): void {
    if (this.#read === undefined) return;
    this.#timer = setInterval(() => {
      if (!this.reread()) return;
      this.stop();
      onNew();
    }, REREAD_MILLIS).unref();
  }

  /** Ends `watch`. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
