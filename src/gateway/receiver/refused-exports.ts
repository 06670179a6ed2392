import type { Diagnostics } from '../../common/diagnostics.js';
import { coded } from '../../common/messages.js';
import { MEMORY_OF_BODIES } from './answer-export.js';
import { MAX_CONNECTIONS } from './server.js';

/** Without a refusal for this long, exports are accepted again. */
const QUIET_MILLIS = 60_000;

type Cause = keyof typeof CAUSES;

/** Counts exports that are refused because there is no room, and logs when that begins and ends. */
export function createRefusedExports({ lines }: Pick<Diagnostics, 'lines'>) {
  let exports = 0;
  /** Those before the state began. */
  let before = 0;
  const state = lines.lasting({
    key: 'exports refused',
    quietMillis: QUIET_MILLIS,
    ended: () => {
      const refused = exports - before;
      before = exports;
      return coded(
        'exports-accepted',
        `Exports are accepted again: none was refused for a minute. Refused before: ${refused}.`,
      );
    },
    repeated: (since, cause) => {
      const { advice } = CAUSES[cause as Cause];
      const refused = exports - before;
      return coded(
        'exports-refused',
        `Exports have been refused since ${since}: ${refused} so far. ${advice}`,
      );
    },
  });
  return {
    exports: () => exports,
    count(cause: Cause): void {
      exports += 1;
      const { text, advice } = CAUSES[cause];
      state.begin(cause, () => coded('exports-refused', `${text} ${advice}`));
    },
    /** The end is no longer logged. */
    close: state.forget,
  };
}

const CAUSES = {
  'no room': {
    text: 'The queue or the spool is full. New exports are answered with 503 until Matomo has processed hits.',
    advice:
      'Check why Matomo does not process hits, or raise maxQueueSize or, with a spool, maxSpoolBytes.',
  },
  'no memory': {
    text: 'Too many exports arrive at the same time. New ones are answered with 429 until others have been decoded.',
    advice: `Add gateways, or raise maxBodyBytes: ${MEMORY_OF_BODIES} exports of that size are read at the same time.`,
  },
  connections: {
    text: `All ${MAX_CONNECTIONS} connections are in use. New ones are closed until others end.`,
    advice: 'Add gateways, or let services export to a Collector, which needs few connections.',
  },
} as const;
