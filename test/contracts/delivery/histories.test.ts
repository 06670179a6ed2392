import { expect, test } from 'vitest';
import { createRandom } from '../../support/create-random.js';
import { seededRandom } from '../../support/seed.js';
import { type Answer, openSender, type SentRequest } from '../doors/send.js';
import {
  counters,
  DATABASE_DIED,
  GIF,
  HOUR,
  NO_ANSWER,
  NOT_COUNTED,
  NOT_SENT,
  PAGE,
  putAll,
  ROLLED_BACK,
  SECOND,
  text,
  total,
} from './support.js';

type Random = () => number;

/** What happens to a bulk: whether Matomo stores it, what it answers, and whether that answer proves it. */
interface Fault {
  readonly answer: (names: readonly string[]) => Answer;
  readonly isStored?: boolean;
  /** The sender cannot know what was stored, and may count hits as unconfirmed. */
  readonly isUnknown?: boolean;
  /** A hit may be the cause: the sender sends all of them again, stored or not. */
  readonly isSuspect?: boolean;
}

const FAULTS: Readonly<Record<string, Fault>> = {
  none: { answer: (names) => counters(names.length), isStored: true },
  'no connection': { answer: () => NOT_SENT },
  'lost before': { answer: () => NO_ANSWER, isUnknown: true },
  'lost after': { answer: () => NO_ANSWER, isStored: true, isUnknown: true },
  '504 after': { answer: () => text(504), isStored: true, isUnknown: true },
  hanging: { answer: () => ({}), isStored: true, isUnknown: true },
  '503': { answer: () => text(503) },
  'Retry-After': { answer: () => ({ ...text(429), retryAfter: '20' }) },
  redirect: { answer: () => text(301) },
  '401': { answer: () => text(401) },
  '403': { answer: () => text(403), isSuspect: true },
  'rolled back': { answer: () => ROLLED_BACK, isSuspect: true },
  'database died': { answer: () => DATABASE_DIED, isSuspect: true },
  '502 after': { answer: () => text(502), isStored: true, isSuspect: true },
  'not counted': { answer: () => NOT_COUNTED, isStored: true, isSuspect: true },
  page: { answer: () => PAGE, isSuspect: true },
  queue: { answer: () => GIF, isStored: true },
  debug: { answer: () => text(200, 'DEBUG: x'), isStored: true, isUnknown: true },
  'some lost inside': {
    answer: (names) => counters(Math.max(1, names.length - 1)),
    isStored: true,
    isUnknown: true,
  },
};
const NAMES = Object.keys(FAULTS);

/** Matomo: it knows what it has stored. */
class ScriptedMatomo {
  fault = 'none';
  readonly stored = new Map<string, number>();
  /** How often hits were stored with an answer after which they are to be sent again. */
  readonly mayBeDuplicated = new Map<string, number>();
  /** Hits whose results the answers left open. */
  unknown = 0;
  /** Hits that were in bulks above the limit alone. */
  tooLarge = 0;
  tracked = 0;
  largest = Number.POSITIVE_INFINITY;
  readonly #failedAlone = new Map<string, number>();
  readonly #resendsUnconfirmed: boolean;
  readonly #random: Random;

  constructor(resendsUnconfirmed: boolean, random: Random) {
    this.#resendsUnconfirmed = resendsUnconfirmed;
    this.#random = random;
  }

  answer({ names }: SentRequest): Answer {
    const takesMillis = Math.floor(this.#random() * 300);
    if (names.length > this.largest) return { ...text(413), takesMillis };
    const fault = FAULTS[this.fault] as Fault;
    if (fault.isStored) this.#store(names, fault);
    if (fault.isUnknown) this.unknown += names.length;
    const answer = fault.answer(names);
    const [name, ...others] = names;
    if (fault.isSuspect && name !== undefined && others.length === 0)
      this.#failedAlone.set(name, (this.#failedAlone.get(name) ?? 0) + 1);
    return answer.status === undefined && answer.error === undefined
      ? answer
      : { ...answer, takesMillis };
  }

  /** Hits that failed alone three times may be rejected. */
  get mayBeRejected(): number {
    return [...this.#failedAlone.values()].filter((count) => count >= 3).length;
  }

  #store(names: readonly string[], { isUnknown, isSuspect }: Fault): void {
    const isAgain = isSuspect || (isUnknown && this.#resendsUnconfirmed);
    for (const name of names) {
      this.stored.set(name, (this.stored.get(name) ?? 0) + 1);
      if (isAgain) this.mayBeDuplicated.set(name, (this.mayBeDuplicated.get(name) ?? 0) + 1);
    }
  }
}

const HISTORIES = Array.from({ length: 50 }, (_, i) => i + 1);

test.each(HISTORIES)(
  'history %i: every hit is accounted for, and stored unless it was lost',
  async (number) => {
    const random = createRandom(Math.floor(seededRandom()() * 2 ** 31) + number);
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
    const resendUnconfirmed = random() < 0.3;
    const maxQueueSize = pick([40, 1_000]);
    const matomo = new ScriptedMatomo(resendUnconfirmed, random);
    const sender = openSender({
      random,
      options: {
        tokenAuth: 't',
        resendUnconfirmed,
        maxQueueSize,
        maxExportBatchSize: pick([1, 5, 20]),
        scheduledDelayMillis: pick([100, 5_000]),
        exportTimeoutMillis: 10 * SECOND,
      },
      answers: (request) => matomo.answer(request),
    });
    let put = 0;
    let mostPending = 0;
    const flushes: Promise<void>[] = [];
    // Before the first counters, a text without counters says that nothing was looked at.
    putAll(sender, ['first']);
    await sender.advance(10 * SECOND);
    put += 1;

    for (let step = 0; step < 60; step++) {
      if (random() < 0.4) matomo.fault = random() < 0.4 ? 'none' : pick(NAMES);
      if (random() < 0.1) matomo.largest = pick([3, 10, Number.POSITIVE_INFINITY]);
      for (let left = Math.floor(random() * 12); left > 0; left--) {
        put += 1;
        putAll(sender, [`${random() < 0.1 ? put : `a${put}`}`], { visitor: `v${put % 3}` });
        expect(total(sender)).toBe(put);
        mostPending = Math.max(mostPending, sender.counts().pending);
      }
      if (random() < 0.1) flushes.push(sender.flush());
      if (random() < 0.05) sender.stepWallClock((random() - 0.5) * 2 * HOUR);
      await sender.advance(Math.floor(10 ** (random() * 5)));
      expect(total(sender)).toBe(put);
    }
    matomo.fault = 'none';
    matomo.largest = Number.POSITIVE_INFINITY;
    await sender.advance(3 * HOUR);
    await Promise.all(flushes);

    const { pending, tracked, accepted, invalid, lost, resent } = sender.counts();
    expect(total(sender)).toBe(put);
    expect({ pending, invalid, expired: lost.expired, shutdown: lost.shutdown }).toEqual({
      ...{ pending: 0, invalid: 0, expired: 0, shutdown: 0 },
    });
    expect(sender.mostInFlight).toBe(1);
    expect(mostPending).toBeLessThanOrEqual(maxQueueSize * 1.25); // more only if all have failed
    if (mostPending < maxQueueSize) expect(lost.queue_full).toBe(0);
    expect(lost.unconfirmed).toBeLessThanOrEqual(matomo.unknown);
    expect(lost.rejected).toBeLessThanOrEqual(matomo.mayBeRejected);
    expect(lost.too_large).toBe(0);
    const losses = Object.values(lost).reduce((sum, count) => sum + count, 0);
    expect(matomo.stored.size).toBeGreaterThanOrEqual(put - losses);
    expect(matomo.stored.size).toBeGreaterThanOrEqual(tracked + accepted);
    for (const [name, times] of matomo.stored)
      expect(times, name).toBeLessThanOrEqual(1 + (matomo.mayBeDuplicated.get(name) ?? 0));
    const duplicates = [...matomo.stored.values()].reduce((sum, times) => sum + times - 1, 0);
    expect(duplicates).toBeLessThanOrEqual(resent);
  },
);
