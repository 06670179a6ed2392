import type { Hit } from '../hit/hit-text.js';

export interface TokenOptions {
  readonly tokenAuth: string | undefined;
  /** Returns the current token of its file, if it came from a file; `undefined` if the file is missing or empty. */
  readonly rereadToken?: (() => string | undefined) | undefined;
}

/** Decides whether the hits or the token are invalid if Matomo rejects all hits of a bulk. */
export class Token {
  value: string | undefined;
  isRejected = false;
  readonly #reread: () => string | undefined;
  /** The wall clock, in epoch milliseconds. */
  readonly #wallMillis: () => number;
  /** Whether all hits of a bulk were invalid, and none has been tracked since then. */
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

  /** Reads the token again. Returns whether it has changed. If the file is missing or empty, the token stays. */
  reread(): boolean {
    const value = this.#reread() ?? this.value;
    if (value === this.value) return false;
    this.value = value;
    this.isRejected = false;
    this.#isInDoubt = false;
    return true;
  }

  /** Records that hits were tracked with the token. */
  accept(): void {
    this.isRejected = false;
    this.#isInDoubt = false;
    this.#trackedMillis = this.#wallMillis();
  }

  /** Splits hits that were all rejected into invalid ones and others. If there are `others` in two bulks in a row, the token is rejected. */
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
