import { gzipSync } from 'node:zlib';
import { ConnectionReuse } from '../../../src/delivery/http/http-transport.js';
import { toAnswer } from '../../../src/delivery/http/open-exchange.js';
import type { Exchange, Transport } from '../../../src/delivery/http/transport.js';
import { isChatbot, nameOf } from '../../support/named-hits.js';
import { answer, DATABASE_DIED, noAnswer, notSent } from '../../support/scripted-transport.js';

/** What may go wrong on the way, in Matomo, and on the way back. */
export const FAULTS = [
  ...['none', 'refused', 'lost before', 'lost after', 'gateway time-out'],
  ...[
    'database away',
    'flickering database',
    'lock timeout',
    'bad gateway after storing',
    'odd Retry-After',
  ],
  ...['busy', 'redirect', 'another page', 'tracker off', 'queue'],
  ...['some lost inside', 'created', 'accepted', 'gzip', 'database dies'],
  'closes connections',
] as const;

export type Fault = (typeof FAULTS)[number];

/** After these a bulk is halved to find a hit that does it, or a single hit is sent after others. */
export const HALVING: readonly Fault[] = [
  'bad gateway after storing',
  'another page',
  'database dies',
  'some lost inside', // all of a bulk of one hit
  'database away',
  'flickering database',
  'lock timeout',
  'tracker off',
];

const ROLLED_BACK = answer(500, { status: 'error', tracked: 0, invalid: 0 });
const NOTHING_COUNTED = answer(200, { status: 'success', tracked: 0, invalid: 0 });

/** Hits that make a server fail, by the beginning of their names, and what it answers to a bulk with one. */
export const POISONS = {
  poison: answer(500, { status: 'error', tracked: 1, invalid: 0 }),
  poison400: answer(400, '<h1>Bad Request</h1>'),
  poison403: answer(403, '<h1>Forbidden</h1>'),
  poison502: answer(502, '<h1>Bad Gateway</h1>'),
  poisonpage: answer(200, '<h1>Blocked</h1>'),
  poisonzero: NOTHING_COUNTED,
  poisonsql: answer(200, DATABASE_DIED),
} as const satisfies Record<string, Exchange>;

export type Poison = keyof typeof POISONS;

function poisonAnswer(names: readonly string[]): Exchange | undefined {
  const kind = names.map((name) => /^poison[a-z\d]*/.exec(name)?.[0]).find(Boolean);
  return kind === undefined ? undefined : POISONS[kind as Poison];
}

/** What comes back where nothing was looked at. */
const BEFORE_ANY_HIT: { readonly [fault in Fault]?: Exchange } = {
  refused: notSent,
  'lost before': noAnswer,
  busy: answer(503),
  redirect: answer(301),
  'database dies': answer(200, DATABASE_DIED),
  'database away': ROLLED_BACK,
  'tracker off': NOTHING_COUNTED,
};

/** What a `Retry-After` may be that asks for no wait, or for none that can be understood; a clock set back makes the date one to come. */
const ODD_WAITS = ['0', '-1', '0.5', 'Thu, 19 Nov 2026 00:00:00 GMT', 'soon', '', '7'];

const ANSWER_MILLIS = 5;
/** Between an answer and the moment in which the sender notices that the connection was closed after it. */
const NOTICE_MILLIS = 10;

/** A Matomo with a database: it keeps what it is sent as a real one would, whatever its answer makes of that. */
export class SimulatedMatomo implements Transport {
  fault: Fault = 'none';
  /** Whether it takes any hit. Else it refuses the invalid, and the whole bulk for one that is poison. */
  takesAll = false;
  /** What the bulk of this number is answered, whatever is in it; `undefined` if that depends on its hits. */
  answersFirst: (bulk: number) => Exchange | undefined = () => undefined;
  /** How often each hit was stored. */
  readonly stored = new Map<string, number>();
  /** Hits that were stored without the sender being told so. */
  unknown = 0;
  /** How often hits were stored with an answer that does not prove it, so that they are sent again. */
  readonly storedUnproven = new Map<string, number>();
  /** Hits that failed alone, again after something else was processed: no others may be rejected. */
  readonly mayBeRejected = new Set<string>();
  readonly #failedAlone = new Map<string, number>();
  #processed = 0;
  /** How many bulks it has answered. */
  bulks = 0;
  /** Bulks with hits of AI chatbots and others. */
  mixedBulks = 0;
  /** Hits in the bulk that had most. */
  largestBulk = 0;
  answeredTracked = 0;
  answeredAccepted = 0;
  /** Hits of which its answers leave open what became of them. */
  leftOpen = 0;
  readonly mostInABulk: number;
  /** The way of each sender to it. */
  readonly #connections = new Map<unknown, SimulatedConnection>();
  /** Senders of which it has tracked a hit. */
  readonly #known = new Set<unknown>();

  constructor(mostInABulk: number) {
    this.mostInABulk = mostInABulk;
  }

  send(body: Buffer): Promise<Exchange> {
    return this.sendFrom(this, body);
  }

  /** Hits of one of several senders. */
  async sendFrom(sender: unknown, body: Buffer): Promise<Exchange> {
    const { requests } = JSON.parse(body.toString('latin1')) as { requests: string[] };
    const names = requests.map(nameOf);
    const chatbots = names.filter(isChatbot).length;
    if (chatbots > 0 && chatbots < names.length) this.mixedBulks += 1;
    this.largestBulk = Math.max(this.largestBulk, names.length);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const connection = this.#connections.get(sender) ?? new SimulatedConnection();
    this.#connections.set(sender, connection);
    const exchange = await connection.carry(
      () => this.fault === 'closes connections',
      () => this.#answer(names, sender),
    );
    if (exchange.kind === 'no_answer') this.leftOpen += names.length;
    this.#note(names, exchange);
    return exchange;
  }

  /** Bulks that came on a connection that was closed already. */
  get lostOnConnections(): number {
    return this.#sum(({ lost }) => lost);
  }

  /** How often it has begun to close connections after it had left them open. */
  get closings(): number {
    return this.#sum(({ closings }) => closings);
  }

  #sum(of: (connection: SimulatedConnection) => number): number {
    return [...this.#connections.values()].reduce((sum, connection) => sum + of(connection), 0);
  }

  async close(): Promise<void> {}

  #answer(names: string[], sender: unknown): Exchange {
    const valid = names.filter((name) => this.takesAll || !name.startsWith('invalid'));
    const poisoned = this.takesAll ? undefined : poisonAnswer(names);
    this.bulks += 1;
    const first = this.answersFirst(this.bulks);
    if (first) return first;
    if (this.fault === 'flickering database' && (this.bulks * 7) % 10 > 2) return ROLLED_BACK;
    if (this.fault === 'odd Retry-After') {
      return { ...answer(503), retryAfter: ODD_WAITS[this.bulks % ODD_WAITS.length] };
    }
    const early = BEFORE_ANY_HIT[this.fault];
    if (early) return early;
    const isKnown = this.#known.has(sender);
    if (this.fault === 'another page') return answer(200, '<html>');
    // A sender that has not seen Matomo answer cannot know that this takes hits.
    if (this.fault === 'accepted' && !isKnown) return answer(202, 'queued', 'text/plain');
    if (names.length > this.mostInABulk) return answer(413);
    if (poisoned) return poisoned;
    switch (this.fault) {
      case 'lost after':
      case 'gateway time-out':
        this.#store(valid);
        this.unknown += valid.length;
        if (this.fault === 'lost after') return noAnswer;
        this.leftOpen += names.length;
        return answer(504);
      case 'accepted':
        this.#store(valid);
        this.answeredAccepted += names.length;
        return answer(202, 'queued', 'text/plain');
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
      default:
        return this.#track(valid, names.length - valid.length, sender);
    }
  }

  #track(valid: readonly string[], invalid: number, sender: unknown): Exchange {
    const kept = this.fault === 'some lost inside' ? valid.slice(1) : valid;
    this.#store(kept);
    this.answeredTracked += kept.length;
    this.leftOpen += valid.length - kept.length;
    if (kept.length > 0) this.#known.add(sender);
    const counters = { status: 'success', tracked: kept.length, invalid };
    if (this.fault === 'gzip') return answer(200, inflated(gzipSync(JSON.stringify(counters))));
    return answer(this.fault === 'created' ? 201 : 200, counters);
  }

  /** Keeps in mind what tells a hit that makes Matomo fail from a Matomo that fails. */
  #note(names: readonly string[], exchange: Exchange): void {
    if (exchange.kind !== 'answer') return;
    if (!mayBeOneHit(exchange)) {
      if (exchange.status < 300) this.#processed += 1;
      return;
    }
    const [name, ...others] = names;
    if (name === undefined || others.length > 0) return;
    const before = this.#failedAlone.get(name);
    if (before === undefined) this.#failedAlone.set(name, this.#processed);
    else if (this.#processed > before) this.mayBeRejected.add(name);
  }

  #store(names: readonly string[]): void {
    for (const name of names) this.stored.set(name, (this.stored.get(name) ?? 0) + 1);
  }
}

/** The connections of a sender, one after the other. It decides about them as the transport does. */
class SimulatedConnection {
  /** Bulks that came on a connection that was closed already. */
  lost = 0;
  /** How often the other side has begun to close connections after it had left them open. */
  closings = 0;
  readonly #reuse = new ConnectionReuse();
  /** The other side has closed the connection, and nobody has noticed. */
  #noticing: NodeJS.Timeout | undefined;
  #wasClosing = false;

  /** Takes a request to the other side, and its answer back, after which the other side may close the connection. */
  async carry(isClosing: () => boolean, answer: () => Exchange): Promise<Exchange> {
    const closesAfter = await this.#reuse.next();
    if (this.#noticing !== undefined) {
      this.lost += 1;
      this.#notice();
      return noAnswer;
    }
    await new Promise((resolve) => setTimeout(resolve, ANSWER_MILLIS));
    const exchange = answer();
    this.#reuse.recordResult(exchange.kind === 'answer', closesAfter);
    if (exchange.kind !== 'answer') return exchange;
    const closes = isClosing();
    if (closes && !this.#wasClosing) this.closings += 1;
    this.#wasClosing = closes;
    if (closes && !closesAfter) this.#noticing = setTimeout(() => this.#notice(), NOTICE_MILLIS);
    return exchange;
  }

  #notice(): void {
    clearTimeout(this.#noticing);
    this.#noticing = undefined;
    this.#reuse.recordClose();
  }
}

/** Whether one hit may be the cause of an answer. */
export function mayBeOneHit({ status, body, contentType }: Exchange & { kind: 'answer' }): boolean {
  if (status < 300) {
    const isPage = contentType === 'text/html' && !body.startsWith('{');
    return isPage || body === NOTHING_COUNTED.body || body === DATABASE_DIED;
  }
  const isOther = [401, 408, 413, 429, 501, 503, 504].includes(status);
  return status >= 400 && !isOther;
}

/** What the transport makes of a body that came compressed. */
function inflated(body: Buffer): string {
  const exchange = toAnswer({ status: 200, headers: { 'content-encoding': 'gzip' } }, [body]);
  return exchange.kind === 'answer' ? exchange.body : '';
}
