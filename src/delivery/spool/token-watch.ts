import { createHmac } from 'node:crypto';
import { SerialQueue } from '../../common/serial-queue.js';
import type { SpoolReports } from './spool-reports.js';

/** The fingerprint is written again after this time, because another process may have replaced it. */
const REWRITE_MILLIS = 60_000;

/** Hexadecimal digits that differ if tokens differ. */
export function fingerprintToken(tokenAuth: string | undefined): string {
  const hmac = createHmac('sha256', tokenAuth ?? '').update('opentelemetry-matomo spool');
  return hmac.digest('hex').slice(0, 8);
}

/** Where a store has the fingerprint of the token with which hits were last tracked. */
export interface TokenPlace {
  read(): Promise<string | undefined>;
  write(fingerprint: string): Promise<void>;
}

/** Notices that Matomo rejects hits of a spool because this process has another token than the others. */
export class TokenWatch {
  readonly #place: TokenPlace;
  readonly #reports: SpoolReports;
  /** A step that fails is done again with a later bulk. */
  readonly #steps = new SerialQueue();
  #written: string | undefined;
  #writtenMillis = 0;
  /** Whether it was logged, since hits were last tracked, that the token is another one. */
  #isReported = false;

  constructor(place: TokenPlace, reports: SpoolReports) {
    this.#place = place;
    this.#reports = reports;
  }

  /** Resolves when the fingerprint is written. */
  get ended(): Promise<void> {
    return this.#steps.ended;
  }

  /** Compares tokens after a bulk: whether hits were tracked with this one, or all were rejected. */
  record(fingerprint: string, isTracked: boolean): void {
    if (isTracked) this.#remember(fingerprint);
    else this.#compare(fingerprint);
  }

  #remember(fingerprint: string): void {
    this.#isReported = false;
    const now = performance.now();
    if (fingerprint === this.#written && now - this.#writtenMillis < REWRITE_MILLIS) return;
    this.#written = fingerprint;
    this.#writtenMillis = now;
    void this.#steps.run(() => this.#place.write(fingerprint));
  }

  #compare(fingerprint: string): void {
    void this.#steps.run(async () => {
      const last = this.#isReported ? undefined : await this.#place.read();
      if (typeof last !== 'string' || last === fingerprint) return; // Redis has null
      this.#isReported = true;
      this.#reports.otherToken();
    });
  }
}
