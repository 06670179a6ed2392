import { expect, onTestFinished, test } from 'vitest';
import type { LossReason } from '../../src/delivery/delivery-counts.js';
import { type MatomoSpanProcessor, trackEvent } from '../../src/index.js';
import type { InspectedHit, Inspector, PlayedAnswer } from '../../src/inspector/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { CHATGPT } from '../support/chatbots.js';
import { eventually } from '../support/child-process.js';
import { type FaultProxy, matomoOnWire } from '../support/fault-proxy.js';
import { captureOutput } from '../support/output.js';
import { startTracedService } from '../support/traced-service.js';

const ROUNDS = 3;
const REQUESTS_A_ROUND = 5;

interface FaultCase {
  readonly options?: MatomoOptions;
  /** Matomo has tracked nothing when it begins. */
  readonly fromStart?: boolean;
  /** Nobody flushes: it has to come back by its own timers. */
  readonly byItself?: boolean;
  /** The process ends before it does. */
  readonly endsFirst?: boolean;
  begin(matomo: Inspector, wire: FaultProxy): unknown;
  end(matomo: Inspector, wire: FaultProxy): unknown;
}

interface Expected {
  /** What hits are lost as, and some are. @default none */
  readonly lost?: readonly LossReason[];
  /** What an operator reads. */
  readonly logs?: RegExp;
  /** Whether hits are sent again although Matomo may have stored them. */
  readonly mayDuplicate?: boolean;
  /** Matomo has all hits. */
  readonly isAllStored?: boolean;
  /** Whether some hits count as accepted. */
  readonly isSomeAccepted?: boolean;
}

/** A response of Matomo, or of a server in front of it. */
const answers = (answer: PlayedAnswer): FaultCase => ({
  begin: (matomo) => matomo.play(answer),
  end: (matomo) => matomo.play(),
});

const onTheWire = (kind: 'refuse' | 'reset-after-commit'): FaultCase => ({
  begin: (_matomo, wire) => wire.play({ kind }),
  end: (_matomo, wire) => wire.play(),
});

const JSON_TYPE = 'application/json';
const ALL_INVALID = '{"status":"success","tracked":0,"invalid":1000}';
// The contract of delivery has what each answer and each end of a connection means. Of each way to go on, one is here.
test.each<[name: string, FaultCase, Expected]>([
  [
    '504 after Matomo has stored',
    answers({ status: 504, store: true }),
    { lost: ['unconfirmed'], logs: /\b504\b/, isAllStored: true },
  ],
  [
    '500 while the database is away',
    answers({
      status: 500,
      contentType: JSON_TYPE,
      body: '{"status":"error","tracked":0,"invalid":0}',
    }),
    { logs: /\b500\b/ },
  ],
  [
    'image/gif, from the start',
    { ...answers({ contentType: 'image/gif', body: 'GIF89a', store: true }), fromStart: true },
    { isAllStored: true, isSomeAccepted: true, logs: /\[nothing-confirmed\]/ },
  ],
  [
    'HTML with 200, stored, where Matomo was seen',
    answers({ contentType: 'text/html', body: '<h1>Welcome</h1>', store: true }),
    { logs: /\[not-matomo\]/, mayDuplicate: true, isAllStored: true, isSomeAccepted: false },
  ],
  [
    'token refused, from the start',
    {
      ...answers({ body: ALL_INVALID, contentType: JSON_TYPE }),
      fromStart: true,
      options: { tokenAuth: 'a'.repeat(32) },
    },
    { logs: /\[token-rejected\]/ },
  ],
  [
    '429 with Retry-After, and nobody flushes',
    { ...answers({ status: 429, headers: { 'retry-after': '1' } }), byItself: true },
    { logs: /\b429\b/ },
  ],
  ['refused', onTheWire('refuse'), { logs: /\[unreachable\]/ }],
  [
    'refused until the process ends',
    { ...onTheWire('refuse'), endsFirst: true },
    { lost: ['shutdown'], logs: /\d+ hits.*\[lost-at-shutdown\]/ },
  ],
  [
    'reset after Matomo has stored',
    onTheWire('reset-after-commit'),
    { lost: ['unconfirmed'], logs: /\[no-answer\]/, isAllStored: true },
  ],
])(
  '%s: a service answers all of its requests, and each hit is accounted for',
  async (_name, faultCase, expected) => {
    const { fromStart = false, byItself = false, endsFirst = false, begin, end } = faultCase;
    const lines = captureOutput();
    const { inspector, wire } = await matomoOnWire();
    const service = await startTracedService(
      (request, response) => {
        if (request.headers['user-agent'] === undefined) trackEvent('Request', 'made');
        response.end('ok');
      },
      {
        url: wire.url,
        scheduledDelayMillis: 20,
        exportTimeoutMillis: 30_000,
        shutdownTimeoutMillis: 5000,
        ...faultCase.options,
      },
    );
    const { processor } = service;
    const checkLaw = watchLaw(processor);
    let requests = 0;
    let made = 0;

    async function round(): Promise<void> {
      const flushed = byItself ? undefined : processor.forceFlush();
      for (let i = 0; i < REQUESTS_A_ROUND; i++) {
        const isOfChatbot = i === REQUESTS_A_ROUND - 1;
        const headers = isOfChatbot ? { 'user-agent': CHATGPT } : {};
        const { status } = await service.fetch(`/r/${requests}`, { headers });
        expect(status).toBe(200);
        requests += 1;
        made += isOfChatbot ? 1 : 2;
        checkLaw();
      }
      await service.requests(requests);
      await flushed;
      checkLaw();
    }

    if (!fromStart) {
      await round();
      await processor.forceFlush();
    }
    await begin(inspector, wire);
    for (let i = 0; i < ROUNDS; i++) await round();
    if (byItself) await eventually(() => lines.length > 0);
    else await processor.forceFlush();
    if (!endsFirst) {
      await end(inspector, wire);
      await round();
      const isSettled = () => processor.stats().pending === 0;
      if (byItself) await eventually(isSettled);
      // Each flush is one attempt.
      for (let i = 0; i < 500 && !isSettled(); i++) await processor.forceFlush();
    }
    await processor.shutdown();
    checkLaw();

    const { hits, pending, tracked, accepted, lost, resent } = processor.stats();
    const said = lines.join('');
    expect({ hits, pending }, said).toEqual({ hits: made, pending: 0 });
    const losses = Object.entries(lost).flatMap(([reason, count]) => (count > 0 ? [reason] : []));
    expect(losses, said).toEqual(expected.lost ?? []);
    if (expected.logs) expect(said).toMatch(expected.logs);
    if (expected.isSomeAccepted !== undefined)
      expect(accepted > 0, said).toBe(expected.isSomeAccepted);

    // What Matomo said that it stored is stored, and beyond it only what nobody could know of.
    const names = inspector.hits().flatMap(nameOf);
    const stored = new Set(names).size;
    expect(stored).toBeGreaterThanOrEqual(tracked);
    expect(stored).toBeLessThanOrEqual(tracked + accepted + lost.unconfirmed);
    if (expected.mayDuplicate) expect(resent).toBeGreaterThan(0);
    else expect(names).toHaveLength(stored);
    if (expected.isAllStored) expect(stored).toBe(made);
  },
);

/** What tells a stored hit from all others; nothing if it was not stored. */
function nameOf({ params, stored, aiRequest }: InspectedHit): string[] {
  const isStored = stored !== null || aiRequest !== undefined;
  return isStored ? [`${params.url} ${params.e_c}`] : [];
}

/** Looks each millisecond, and with each call, whether a hit has been counted twice or not at all. */
function watchLaw(processor: MatomoSpanProcessor): () => void {
  let broken: string | undefined;
  const look = () => {
    const { hits, claimed, stored, pending, tracked, accepted, invalid, lost } = processor.stats();
    const losses = Object.values(lost).reduce((sum, count) => sum + count, 0);
    if (hits + claimed !== pending + stored + tracked + accepted + invalid + losses)
      broken ??= JSON.stringify(processor.stats());
  };
  const timer = setInterval(look, 1);
  onTestFinished(() => clearInterval(timer));
  return () => {
    look();
    expect(broken).toBeUndefined();
  };
}
