import type { Hit } from '../hit/hit.js';

/** After so long, Matomo knows a token that was made. */
const NEW_MILLIS = 300_000;

interface TokenParts {
  readonly tokenAuth: string | undefined;
  /** Returns the token as its file has it now, if it came from one; `undefined` if the file is missing or empty. */
  readonly rereadToken?: (() => string | undefined) | undefined;
}

/** Decides, if Matomo rejects all hits of a bulk, whether they are invalid or the token with which they were sent. */
export class Token {
  value: string | undefined;
  isRejected = false;
  readonly #reread: () => string | undefined;
  /** The clocks, in epoch milliseconds. */
  readonly #wallMillis: () => number;
  /** All hits of a bulk were invalid, and none was tracked since. */
  #isInDoubt = false;
  #changedMillis = Number.NEGATIVE_INFINITY;
  /** When hits were last tracked. */
  #trackedMillis = Number.NEGATIVE_INFINITY;

  constructor({ tokenAuth, rereadToken = () => undefined }: TokenParts, wallMillis: () => number) {
    this.value = tokenAuth;
    this.#reread = rereadToken;
    this.#wallMillis = wallMillis;
  }

  /** Returns whether the token is another one than before. A missing or empty file keeps the old one. */
  reread(): boolean {
    const value = this.#reread() ?? this.value;
    if (value === this.value) return false;
    this.value = value;
    this.isRejected = false;
    this.#isInDoubt = false;
    this.#changedMillis = this.#wallMillis();
    return true;
  }

  /** Hits were tracked with it. */
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

  /** What may be wrong with it, as far as that shows. */
  explain(): string {
    const { value } = this;
    if (this.#wallMillis() - this.#changedMillis < NEW_MILLIS)
      return 'The token was replaced less than five minutes ago, and Matomo may not know it yet';
    if (value !== undefined && this.#trackedMillis > this.#changedMillis)
      return 'It accepted the token before, so it may be revoked or expired';
    return 'It has not accepted the token before: its user may lack write access, it may be for secure requests only, which a super user cannot use before Matomo 5.4, or be younger than five minutes';
  }
}
