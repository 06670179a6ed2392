import { expect, test } from 'vitest';
import type { LossReason } from '../../src/delivery/counts.js';
import { trackEvent } from '../../src/index.js';
import type { InspectedHit } from '../../src/inspector/index.js';
import { CHATGPT } from '../support/chatbots.js';
import { eventually } from '../support/child-process.js';
import { matomoOnWire } from '../support/fault-proxy.js';
import { captureOutput } from '../support/output.js';
import type { PlayedMatomoAnswer } from '../support/played-matomo.js';
import { startTracedService } from '../support/traced-service.js';

const ROUNDS = 3;
const REQUESTS_A_ROUND = 5;

interface Expected {
  /** What hits are lost as, and some are. @default none */
  readonly lost?: readonly LossReason[];
  /** What an operator reads. */
  readonly logs: RegExp;
  /** Whether hits are sent again although Matomo may have stored them. */
  readonly mayDuplicate?: boolean;
  /** Matomo has all hits. */
  readonly isAllStored?: boolean;
}

// The contract of delivery has what each answer and each end of a connection means. Of each way to go on, one is here.
test.each<[PlayedMatomoAnswer | 'refuse' | 'reset-after-commit', Expected]>([
  [
    { status: 504, store: true },
    { lost: ['unconfirmed'], logs: /\b504\b/, isAllStored: true },
  ],
  [{ status: 500, body: '{"status":"error","tracked":0,"invalid":0}' }, { logs: /\b500\b/ }],
  [
    { contentType: 'text/html', body: '<!doctype html><h1>Welcome</h1>', store: true },
    { logs: /\[not-matomo\]/, mayDuplicate: true, isAllStored: true },
  ],
  [{ status: 429, headers: { 'retry-after': '1' } }, { logs: /\b429\b/ }],
  ['refuse', { logs: /\[unreachable\]/ }],
  ['reset-after-commit', { lost: ['unconfirmed'], logs: /\[no-answer\]/, isAllStored: true }],
])(
  '%j: a service answers all of its requests, and each hit is accounted for',
  async (fault, expected) => {
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
      },
    );
    const { processor } = service;
    let requests = 0;
    let made = 0;

    async function round(): Promise<void> {
      const flushed = processor.forceFlush();
      for (let i = 0; i < REQUESTS_A_ROUND; i++) {
        const isOfChatbot = i === REQUESTS_A_ROUND - 1;
        const headers = isOfChatbot ? { 'user-agent': CHATGPT } : {};
        const { status } = await service.fetch(`/r/${requests}`, { headers });
        expect(status).toBe(200);
        requests += 1;
        made += isOfChatbot ? 1 : 2;
      }
      await service.requests(requests);
      await flushed;
    }

    await round();
    await processor.forceFlush();
    if (typeof fault === 'string') await wire.play({ kind: fault });
    else inspector.play(fault);
    for (let i = 0; i < ROUNDS; i++) await round();
    await eventually(() => lines.length > 0);
    await wire.play();
    inspector.play();
    await round();
    await eventually(() => processor.stats().pending === 0); // by its own timers
    await processor.shutdown();

    const { hits, pending, tracked, accepted, lost, resent } = processor.stats();
    const said = lines.join('');
    expect({ hits, pending, accepted }, said).toEqual({ hits: made, pending: 0, accepted: 0 });
    const losses = Object.entries(lost).flatMap(([reason, count]) => (count > 0 ? [reason] : []));
    expect(losses, said).toEqual(expected.lost ?? []);
    expect(said).toMatch(expected.logs);

    // What Matomo said that it stored is stored, and beyond it only what nobody could know of.
    const names = inspector.hits().flatMap(nameOf);
    const stored = new Set(names).size;
    expect(stored).toBeGreaterThanOrEqual(tracked);
    expect(stored).toBeLessThanOrEqual(tracked + lost.unconfirmed);
    if (expected.mayDuplicate) expect(resent).toBeGreaterThan(0);
    else expect(names).toHaveLength(stored);
    if (expected.isAllStored) expect(stored).toBe(made);
  },
);

/** What tells a stored hit from all others; nothing if it was not stored. */
function nameOf({ params, stored }: InspectedHit): string[] {
  return stored !== null ? [`${params.url} ${params.e_c}`] : [];
}
