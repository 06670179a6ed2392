import type { Batch } from './batch.js';

/** A hit is the cause of its failures after this many proofs, the last one so long after the first. */
const PROOFS = 3;
const PROOF_MILLIS = 60_000;

/**
 * Finds hits that make the server fail. One that fails alone directly after a success is a suspect, and a success directly after that is a
 * proof. One is not enough, because a server may fail by chance:
 *
 *     success ──> the hit fails ──> success ──> … the hit fails ──> success ──> … the hit fails ──> success: rejected
 */
export class Proofs {
  /** Whether the last request succeeded. */
  isAfterSuccess = false;
  #suspect: Batch | undefined;

  /** Whether the last request was a suspect: a success of the next one is a proof. */
  get hasSuspect(): boolean {
    return this.#suspect !== undefined;
  }

  /** A request succeeded. Returns the hit that this proves to be the cause of its failures. */
  addSuccess(): Batch | undefined {
    const suspect = this.#suspect;
    this.#suspect = undefined;
    this.isAfterSuccess = true;
    if (!suspect) return undefined;
    suspect.proofs += 1;
    if (suspect.proofs === 1) suspect.provenMillis = suspect.probedMillis;
    const isCause =
      suspect.proofs >= PROOFS && suspect.probedMillis - suspect.provenMillis >= PROOF_MILLIS;
    return isCause ? suspect : undefined;
  }

  /** A request failed. Returns whether its batch is a suspect. */
  addFailure(batch: Batch, nowMillis: number): boolean {
    const isDirectly = this.isAfterSuccess || this.#suspect === batch;
    this.reset();
    if (!isDirectly || batch.hits.length > 1) return false;
    this.#suspect = batch;
    batch.probedMillis = nowMillis;
    return true;
  }

  /** The next request is directly after nothing that would prove anything. */
  reset(): void {
    this.isAfterSuccess = false;
    this.#suspect = undefined;
  }
}
