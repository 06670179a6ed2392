import { expect, onTestFinished, type TestContext } from 'vitest';
import type { LossReason } from '../../../src/delivery/delivery-counts.js';
import type { MatomoSpanProcessor } from '../../../src/index.js';
import type { InspectedHit, Inspector } from '../../../src/inspector/index.js';
import type { MatomoOptions } from '../../../src/options.js';
import type { MatomoStats } from '../../../src/tracker/stats.js';
import { eventually } from '../../support/child-process.js';
import {
  type FaultProxy,
  type FaultProxyOptions,
  startFaultProxy,
} from '../../support/fault-proxy.js';
import { captureOutput } from '../../support/output.js';
import { startTracedService } from '../../support/traced-service.js';
import { headersOf, hitsOf, isMixed, nameOf, trackAdditional } from './mixture.js';

/** `npm run test:faults` lets faults last longer. */
export const ROUNDS: number = Number(process.env.FAULT_ROUNDS ?? 3);
const REQUESTS_A_ROUND = 5;

export interface FaultCase {
  /** Default: `url` is the proxy's. */
  readonly options?: (proxy: FaultProxy) => MatomoOptions;
  readonly proxy?: FaultProxyOptions;
  /** Matomo has tracked nothing when it begins. */
  readonly fromStart?: boolean;
  /** Nobody flushes: it has to come back by its own timers. */
  readonly byItself?: boolean;
  /** The process ends before it does. */
  readonly endsFirst?: boolean;
  /** Path of a request that is sent in the middle of it. */
  readonly path?: string;
  begin(matomo: Inspector, proxy: FaultProxy): unknown;
  end(matomo: Inspector, proxy: FaultProxy): unknown;
}

/** What came of a fault, for the table and for expectations. */
export interface FaultRow {
  readonly fault: string;
  readonly requests: number;
  /** Page views, additional hits and hits of AI chatbots that they made. */
  readonly hits: number;
  readonly stats: MatomoStats;
  /** Hits that Matomo has stored. */
  readonly stored: number;
  /** How often it has stored them again. */
  readonly duplicates: number;
  /** Of requests while it lasted. */
  readonly medianMillis: number;
  /** What an operator was told. */
  readonly lines: readonly string[];
}

export interface Expected {
  /** What hits are lost as, and some are. Default: none. */
  readonly lost?: readonly LossReason[];
  /** What an operator reads. */
  readonly logs?: RegExp;
  /** Whether hits are sent again although Matomo may have stored them. */
  readonly mayDuplicate?: boolean;
  /** Matomo has all hits. */
  readonly isAllStored?: boolean;
  /** Matomo has said so. */
  readonly isAllTracked?: boolean;
  /** Whether some hits count as accepted. */
  readonly isSomeAccepted?: boolean;
}

declare module 'vitest' {
  interface TaskMeta {
    fault?: FaultRow;
  }
}

/**
 * A service has requests before a fault, while it lasts and after it. The conservation law is looked at every
 * millisecond and after every step. Fails unless all hits are accounted for.
 */
export async function rideOut(
  { task }: Pick<TestContext, 'task'>,
  faultCase: FaultCase,
  expected: Expected = {},
): Promise<FaultRow> {
  const { fromStart = false, byItself = false, endsFirst = false, path, begin, end } = faultCase;
  const lines = captureOutput();
  const { service, proxy } = await startService(faultCase);
  const { processor, inspector } = service;
  const law = watchLaw(processor);
  const millis: number[] = [];
  let requests = 0;
  let hits = 0;

  async function request(target = `/r/${requests}`): Promise<void> {
    const headers = headersOf(requests);
    requests += 1;
    hits += hitsOf(target, headers);
    const start = performance.now();
    const { status } = await service.fetch(target, { headers });
    millis.push(performance.now() - start);
    if (status !== 200) throw new Error(`the application answered ${status}`);
    law.check();
  }

  async function round(): Promise<void> {
    const flushed = byItself ? undefined : processor.forceFlush();
    for (let i = 0; i < REQUESTS_A_ROUND; i++) await request();
    await service.requests(requests);
    await flushed;
    law.check();
  }

  if (!fromStart) {
    await round();
    await processor.forceFlush();
  }
  await begin(inspector, proxy);
  millis.length = 0;
  for (let i = 0; i < ROUNDS; i++) {
    if (i === 1 && path !== undefined) await request(path);
    await round();
  }
  if (byItself) await eventually(() => lines.length > 0);
  else await processor.forceFlush();
  const medianMillis = medianOf(millis);
  if (!endsFirst) {
    await end(inspector, proxy);
    await round();
    await drain(processor, byItself);
  }
  await processor.shutdown();
  law.check();

  if (proxy.requests().some(({ body }) => isMixed(body))) {
    throw new Error('hits of AI chatbots shared a bulk with others');
  }
  const counts = countsByName(inspector.hits());
  const total = counts.reduce((sum, count) => sum + count, 0);
  const row: FaultRow = {
    fault: task.name,
    requests,
    hits,
    stats: processor.stats(),
    stored: counts.length,
    duplicates: total - counts.length,
    medianMillis,
    lines,
  };
  task.meta.fault = row;
  expectAccounted(row, expected);
  return row;
}

/** What holds after every fault. */
function expectAccounted(
  { hits: made, stats, stored, duplicates, lines }: FaultRow,
  { lost = [], logs, mayDuplicate = false, ...expected }: Expected,
): void {
  const { hits, pending, tracked, accepted, invalid } = stats;
  const losses = Object.entries(stats.lost).filter(([, count]) => count > 0);
  const sumOfLost = losses.reduce((sum, [, count]) => sum + count, 0);
  const said = lines.join('');
  expect({ hits, pending }, said).toEqual({ hits: made, pending: 0 });
  expect(tracked + accepted + invalid + sumOfLost).toBe(made);
  expect(
    losses.map(([reason]) => reason),
    said,
  ).toEqual(lost);

  // What Matomo said that it stored is stored, and beyond it only what nobody could know of.
  expect(stored).toBeGreaterThanOrEqual(tracked);
  // An order that is sent twice is stored once, and invalid the second time.
  const resentOrders = mayDuplicate ? invalid : 0;
  expect(stored).toBeLessThanOrEqual(tracked + accepted + stats.lost.unconfirmed + resentOrders);
  if (!mayDuplicate) expect(duplicates).toBe(0);

  if (expected.isAllStored) expect(stored).toBe(made);
  if (expected.isAllTracked) expect(tracked).toBe(made);
  if (expected.isSomeAccepted !== undefined)
    expect(accepted > 0, said).toBe(expected.isSomeAccepted);
  if (logs) expect(said).toMatch(logs);
}

async function startService({ options, proxy: proxyOptions }: FaultCase) {
  const proxy = await startFaultProxy(proxyOptions);
  const service = await startTracedService(
    (request, response) => {
      trackAdditional(request);
      response.end('ok');
    },
    {
      url: proxy.url,
      scheduledDelayMillis: 20,
      exportTimeoutMillis: 30_000,
      shutdownTimeoutMillis: 5000,
      ...options?.(proxy),
    },
  );
  proxy.forwardTo(service.inspector.url);
  return { service, proxy };
}

/** Throws as soon as a hit has been counted twice or not at all. */
function watchLaw(processor: MatomoSpanProcessor): { check(): void } {
  let broken: string | undefined;
  const look = () => {
    const { hits, claimed, stored, pending, tracked, accepted, invalid, lost } = processor.stats();
    const losses = Object.values(lost).reduce((sum, count) => sum + count, 0);
    if (hits + claimed !== pending + stored + tracked + accepted + invalid + losses) {
      broken ??= JSON.stringify(processor.stats());
    }
  };
  const timer = setInterval(look, 1);
  onTestFinished(() => clearInterval(timer));
  return {
    check() {
      look();
      if (broken !== undefined) throw new Error(`hits without a name: ${broken}`);
    },
  };
}

/** Until everything is decided. Each flush is one attempt. */
async function drain(processor: MatomoSpanProcessor, byItself: boolean): Promise<void> {
  const isSettled = () => processor.stats().pending === 0;
  if (byItself) await eventually(isSettled);
  for (let i = 0; i < 500 && !isSettled(); i++) await processor.forceFlush();
}

/** How often Matomo has stored each hit. */
function countsByName(hits: readonly InspectedHit[]): number[] {
  const counts = new Map<string, number>();
  for (const name of hits.map(nameOf)) {
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts.values()];
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
