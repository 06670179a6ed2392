import type { Exchange, Transport } from '../../src/delivery/transport.js';
import { answer, noAnswer, notSent } from './scripted-transport.js';

/** What may go wrong on the way, in Matomo, and on the way back. */
export type Fault =
  | 'none'
  | 'refused'
  | 'lost before'
  | 'lost after'
  | 'gateway time-out'
  | 'database away'
  | 'busy'
  | 'redirect'
  | 'another page'
  | 'tracker off'
  | 'queue'
  | 'some lost inside';

export const FAULTS: readonly Fault[] = [
  'none',
  'refused',
  'lost before',
  'lost after',
  'gateway time-out',
  'database away',
  'busy',
  'redirect',
  'another page',
  'tracker off',
  'queue',
  'some lost inside',
];

/** What comes back where nothing was looked at. */
const BEFORE_ANY_HIT: { readonly [fault in Fault]?: Exchange } = {
  refused: notSent,
  'lost before': noAnswer,
  busy: answer(503),
  redirect: answer(301),
  'another page': answer(200, '<html>'),
  'database away': answer(500, { status: 'error', tracked: 0, invalid: 0 }),
  'tracker off': answer(200, { status: 'success', tracked: 0, invalid: 0 }),
};

/** A Matomo with a database: it keeps what it is sent as a real one would, whatever its answer makes of that. */
export class SimulatedMatomo implements Transport {
  fault: Fault = 'none';
  /** Whether it takes any hit. Else it refuses the invalid, and the whole bulk for one that is poison. */
  takesAll = false;
  /** How often each hit was stored. */
  readonly stored = new Map<string, number>();
  /** Hits that were stored without the sender being told so. */
  unknown = 0;
  answeredTracked = 0;
  answeredAccepted = 0;
  readonly mostInABulk: number;

  constructor(mostInABulk: number) {
    this.mostInABulk = mostInABulk;
  }

  async send(body: Buffer): Promise<Exchange> {
    const { requests } = JSON.parse(body.toString('latin1')) as { requests: string[] };
    const names = requests.map((query) => query.slice(3));
    await new Promise((resolve) => setTimeout(resolve, 5));
    return this.#answer(names);
  }

  async close(): Promise<void> {}

  #answer(names: string[]): Exchange {
    const valid = names.filter((name) => this.takesAll || !name.startsWith('invalid'));
    const invalid = names.length - valid.length;
    const isPoisoned = !this.takesAll && names.some((name) => name.startsWith('poison'));
    const early = BEFORE_ANY_HIT[this.fault];
    if (early) return early;
    if (names.length > this.mostInABulk) return answer(413);
    if (isPoisoned) return answer(500, { status: 'error', tracked: 1, invalid: 0 });
    switch (this.fault) {
      case 'lost after':
      case 'gateway time-out':
        this.#store(valid);
        this.unknown += valid.length;
        return this.fault === 'lost after' ? noAnswer : answer(504);
      case 'queue':
        this.#store(valid);
        this.answeredAccepted += names.length;
        return answer(200, 'GIF', 'image/gif');
      case 'some lost inside': {
        const kept = valid.slice(1);
        this.#store(kept);
        this.answeredTracked += kept.length;
        return answer(200, { status: 'success', tracked: kept.length, invalid });
      }
      default:
        this.#store(valid);
        this.answeredTracked += valid.length;
        return answer(200, { status: 'success', tracked: valid.length, invalid });
    }
  }

  #store(names: readonly string[]): void {
    for (const name of names) this.stored.set(name, (this.stored.get(name) ?? 0) + 1);
  }
}
