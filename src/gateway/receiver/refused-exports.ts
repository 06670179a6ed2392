import type { Diagnostics } from '../../common/diagnostics.js';
import type { LastingState } from '../../common/line-limiter.js';
import { coded } from '../../common/messages.js';

/** Without a refusal for this long, exports are accepted again. */
const QUIET_MILLIS = 60_000;

type Cause = 'queue' | 'spool';

/** Counts exports that are refused because there is no room, and logs when that begins and ends. */
export class RefusedExports {
  exports = 0;
  readonly #state: LastingState;
  /** Those before the state began. */
  #before = 0;

  constructor(diagnostics: Pick<Diagnostics, 'lines'>) {
    this.#state = diagnostics.lines.lasting({
      key: 'exports refused',
      quietMillis: QUIET_MILLIS,
      ended: () => {
        const refused = this.exports - this.#before;
        this.#before = this.exports;
        return coded(
          'exports-accepted',
          `Exports are accepted again: none was refused for a minute. Refused before: ${refused}.`,
        );
      },
      repeated: (since, cause) =>
        coded(
          CODES[cause as Cause],
          `Exports have been refused since ${since}: ${this.exports - this.#before} so far. ${ADVICE[cause as Cause]}`,
        ),
    });
  }

  begin(cause: Cause): void {
    this.#state.begin(cause, () =>
      coded(
        CODES[cause],
        `The ${cause} is full. New exports are answered with 503 until Matomo has processed hits. ${ADVICE[cause]}`,
      ),
    );
  }

  count(): void {
    this.exports += 1;
  }

  /** The end is no longer logged. */
  close(): void {
    this.#state.forget();
  }
}

const CODES = { queue: 'exports-refused', spool: 'spool-full' } as const;
const ADVICE = {
  queue: 'Check why Matomo does not process hits, or raise maxQueueSize.',
  spool: 'Check why Matomo does not process hits, or raise maxSpoolBytes.',
} as const;
