import type { Diagnostics } from '../../common/diagnostics.js';
import type { Instruments } from '../../tracker/metrics.js';
import { MEMORY_OF_BODIES } from './answer-export.js';
import { MAX_CONNECTIONS } from './server.js';

type Cause = keyof typeof CAUSES;

export interface RefusedExports {
  /** Returns their number. */
  exports(): number;
  readonly instruments: Instruments;
  count(cause: Cause): void;
}

/** Counts exports that are refused because there is no room, and logs them, once a minute for all. */
export function createRefusedExports({ lines }: Pick<Diagnostics, 'lines'>): RefusedExports {
  let exports = 0;
  const instruments: Instruments = {
    'matomo.exports.refused': {
      unit: '{export}',
      description: 'Exports that a gateway refused because there was no room',
      read: (_observed, observe) => observe(exports),
    },
  };
  return {
    exports: () => exports,
    instruments,
    count(cause: Cause): void {
      exports += 1;
      const { text, advice } = CAUSES[cause];
      lines.add('exports-refused', 1, (refused) => `${text} Refused: ${refused}. ${advice}`);
    },
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
