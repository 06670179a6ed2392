import type { Hit } from '../hit/hit.js';

/** Of a client, so many more hits were rejected than stored. */
const MAX_REJECTED = 10;
/** Since the last one of them was rejected. */
const KEPT_MILLIS = 600_000;
const MAX_CLIENTS = 1_000;

/**
 * Clients of whom a server rejects hits, such as scanners: without this, one that sends many takes the attempts of all others. The price is
 * that their good hits are rejected with the bad ones. Empty if no hit was rejected.
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
      const { client } = hit;
      const isHeld = (this.#marks.get(client)?.excess ?? 0) >= MAX_REJECTED;
      if (isHeld) ofClients.set(client, [...(ofClients.get(client) ?? []), hit]);
      else others.push(hit);
    }
    return { ofClients: [...ofClients.values()], others };
  }

  addRejected(hits: readonly Hit[]): void {
    for (const { client } of hits) {
      if (client === '') continue; // unknown: they are of many
      const excess = (this.#marks.get(client)?.excess ?? 0) + 1;
      this.#marks.delete(client);
      this.#marks.set(client, { excess, millis: this.#now() });
    }
    this.#forgetOld();
  }

  addStored(hits: readonly Hit[]): void {
    if (this.#marks.size === 0) return;
    for (const { client } of hits) {
      const mark = this.#marks.get(client);
      if (!mark) continue;
      mark.excess -= 1;
      if (mark.excess <= 0) this.#marks.delete(client);
    }
  }

  #forgetOld(): void {
    for (const [client, { millis }] of this.#marks) {
      if (this.#marks.size <= MAX_CLIENTS && this.#now() - millis < KEPT_MILLIS) return;
      this.#marks.delete(client);
    }
  }
}
