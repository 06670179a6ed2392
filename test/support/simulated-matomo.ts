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
  | 'flickering database'
  | 'lock timeout'
  | 'bad gateway after storing'
  | 'odd Retry-After'
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
  'flickering database',
  'lock timeout',
  'bad gateway after storing',
  'odd Retry-After',
  'busy',
  'redirect',
  'another page',
  'tracker off',
  'queue',
  'some lost inside',
];

const ROLLED_BACK = answer(500, { status: 'error', tracked: 0, invalid: 0 });
const NOTHING_COUNTED = answer(200, { status: 'success', tracked: 0, invalid: 0 });

/** What comes back where nothing was looked at. */
const BEFORE_ANY_HIT: { readonly [fault in Fault]?: Exchange } = {
  refused: notSent,
  'lost before': noAnswer,
  busy: answer(503),
  redirect: answer(301),
  'another page': answer(200, '<html>'),
  'database away': ROLLED_BACK,
  'tracker off': NOTHING_COUNTED,
};

/** What a `Retry-After` may be that asks for no wait, or for none that can be understood. */
const ODD_WAITS = ['0', '-1', '0.5', 'Thu, 19 Nov 2026 00:00:00 GMT', 'soon', '', '7'];

/** A Matomo with a database: it keeps what it is sent as a real one would, whatever its answer makes of that. */
export class SimulatedMatomo implements Transport {
  fault: Fault = 'none';
  /** Whether it takes any hit. Else it refuses the invalid, and the whole bulk for one that is poison. */
  takesAll = false;
  /** How often each hit was stored. */
  readonly stored = new Map<string, number>();
  /** Hits that were stored without the sender being told so. */
  unknown = 0;
  /** How often hits were stored with an answer that does not prove it, so that they are sent again. */
  readonly storedUnproven = new Map<string, number>();
  /** Hits that failed alone, again after something else was processed: no others may be rejected. */
  readonly mayBeRejected = new Set<string>();
  readonly #failedAlone = new Map<string, number>();
  #bulks = 0;
  #processed = 0;
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
    const exchange = this.#answer(names);
    this.#note(names, exchange);
    return exchange;
  }

  async close(): Promise<void> {}

  #answer(names: string[]): Exchange {
    const valid = names.filter((name) => this.takesAll || !name.startsWith('invalid'));
    const invalid = names.length - valid.length;
    const isPoisoned = !this.takesAll && names.some((name) => name.startsWith('poison'));
    this.#bulks += 1;
    if (this.fault === 'flickering database' && (this.#bulks * 7) % 10 > 2) return ROLLED_BACK;
    if (this.fault === 'odd Retry-After') {
      return { ...answer(503), retryAfter: ODD_WAITS[this.#bulks % ODD_WAITS.length] };
    }
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
      case 'lock timeout':
      case 'bad gateway after storing':
        this.#store(valid);
        for (const name of valid) {
          this.storedUnproven.set(name, (this.storedUnproven.get(name) ?? 0) + 1);
        }
        return this.fault === 'lock timeout' ? NOTHING_COUNTED : answer(502);
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

  /** Keeps in mind what tells a hit that makes Matomo fail from a Matomo that fails. */
  #note(names: readonly string[], exchange: Exchange): void {
    if (exchange.kind !== 'answer') return;
    const isUncounted = exchange.body === NOTHING_COUNTED.body;
    if (exchange.status < 300 && !isUncounted) this.#processed += 1;
    const [name, ...others] = names;
    if (name === undefined || others.length > 0) return;
    if (exchange.status !== 500 && !isUncounted) return;
    const failure = `${exchange.status} ${name}`;
    const before = this.#failedAlone.get(failure);
    if (before === undefined) this.#failedAlone.set(failure, this.#processed);
    else if (this.#processed > before) this.mayBeRejected.add(name);
  }

  #store(names: readonly string[]): void {
    for (const name of names) this.stored.set(name, (this.stored.get(name) ?? 0) + 1);
  }
}
