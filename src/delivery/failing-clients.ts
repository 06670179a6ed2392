import type { Hit } from '../hit/hit-text.js';

/** A client fails if this many more of its hits were rejected than stored. */
const MAX_REJECTED = 10;
/** The time after the last rejection until a client is forgotten. */
const KEPT_MILLIS = 600_000;
const MAX_KEYS = 1_000;

/**
 * Clients of whom a server rejects hits, such as scanners: without this, one that sends many takes the attempts of all others. The price is
 * that their good hits are rejected with the bad ones. Visitors count as well: behind a proxy that is not declared, all have one address.
 * Empty if no hit was rejected.
 */
export class FailingClients {
  /** Rejected hits minus stored ones, in the order of the latest rejections. */
  readonly #marks = new Map<string, { excess: number; readonly millis: number }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Parts hits: those of each such client, and others. */
  split(hits: readonly Hit[]): { readonly ofClients: Hit[][]; readonly others: readonly Hit[] } {
    this.#forgetOld();
    if (this.#marks.size === 0) return { ofClients: [], others: hits };
    const ofClients = new Map<string, Hit[]>();
    const others: Hit[] = [];
    for (const hit of hits) {
      const isFailing = (key: string) => (this.#marks.get(key)?.excess ?? 0) >= MAX_REJECTED;
      const key = keysOf(hit).find(isFailing);
      if (key === undefined) others.push(hit);
      else ofClients.set(key, [...(ofClients.get(key) ?? []), hit]);
    }
    return { ofClients: [...ofClients.values()], others };
  }

  addRejected(hits: readonly Hit[]): void {
    for (const hit of hits) {
      for (const key of keysOf(hit)) {
        const excess = (this.#marks.get(key)?.excess ?? 0) + 1;
        this.#marks.delete(key);
        this.#marks.set(key, { excess, millis: this.#now() });
        if (excess > MAX_REJECTED) break; // the visitor of this client is known to be the cause
      }
    }
    this.#forgetOld();
  }

  addStored(hits: readonly Hit[]): void {
    if (this.#marks.size === 0) return;
    for (const key of hits.flatMap(keysOf)) {
      const mark = this.#marks.get(key);
      if (!mark) continue;
      mark.excess -= 1;
      if (mark.excess <= 0) this.#marks.delete(key);
    }
  }

  #forgetOld(): void {
    for (const [key, { millis }] of this.#marks) {
      if (this.#marks.size <= MAX_KEYS && this.#now() - millis < KEPT_MILLIS) return;
      this.#marks.delete(key);
    }
  }
}

/** An empty key is that of many clients. */
function keysOf({ client, visitor }: Hit): string[] {
  return [visitor, client].filter((key, index, keys) => key !== '' && keys.indexOf(key) === index);
}
