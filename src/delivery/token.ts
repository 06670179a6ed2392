import type { Hit } from '../hit/hit-text.js';

export interface TokenOptions {
  readonly tokenAuth: string | undefined;
  /** Returns the token as its file has it now, if it came from one; `undefined` if the file is missing or empty. */
  readonly rereadToken?: (() => string | undefined) | undefined;
}

/** Decides, if Matomo rejects all hits of a bulk, whether they are invalid or the token with which they were sent. */
export class Token {
  value: string | undefined;
  isRejected = false;
  readonly #reread: () => string | undefined;
  /** The wall clock, in epoch milliseconds. */
  readonly #wallMillis: () => number;
  /** Whether all hits of a bulk were invalid, and none was tracked since. */
  #isInDoubt = false;
  /** Time at which hits were last tracked. */
  #trackedMillis = Number.NEGATIVE_INFINITY;

  constructor(
    { tokenAuth, rereadToken = () => undefined }: TokenOptions,
    wallMillis: () => number,
  ) {
    this.value = tokenAuth;
    this.#reread = rereadToken;
    this.#wallMillis = wallMillis;
  }

  /** Reads the token again. Returns whether it has changed. A missing or empty file keeps the old one. */
  reread(): boolean {
    const value = this.#reread() ?? this.value;
    if (value === this.value) return false;
    this.value = value;
    this.isRejected = false;
    this.#isInDoubt = false;
    return true;
  }

  /** Notes that hits were tracked with the token. */
  accept(): void {
    this.isRejected = false;
    this.#isInDoubt = false;
    this.#trackedMillis = this.#wallMillis();
  }

  /** Parts hits that were all rejected. If `others` are the second bulk in a row, the token is rejected. */
  judge(hits: readonly Hit[]): {
    readonly invalid: readonly Hit[];
    readonly others: readonly Hit[];
  } {
    const isInvalid = ({ invalidSeconds = Infinity }: Hit) =>
      invalidSeconds * 1000 < this.#trackedMillis;
    const others = hits.filter((hit) => !isInvalid(hit));
    if (others.length > 0) {
      this.isRejected ||= this.#isInDoubt;
      this.#isInDoubt = true;
    }
    return { invalid: hits.filter(isInvalid), others };
  }
}
