import { randomBytes } from 'node:crypto';
import { createDeliveryCounters } from './delivery/counters.js';
import { Delivery } from './delivery/delivery.js';
import type { Transport } from './delivery/transport.js';
import { createUndiciTransport } from './delivery/undici-transport.js';
import type { Diagnostics } from './diagnostics.js';
import type { Hit, PendingHit } from './hit/hit.js';
import { createToHit } from './hit/to-hit.js';
import { deriveVisitorKey } from './hit/visitor-id.js';
import { toSiteId } from './option-values.js';
import type { MatomoOptions, ResolvedOptions } from './options.js';
import { withoutTracing } from './otel-global.js';
import type { FinishedSpan } from './requests/finished-span.js';
import type { EndedRecord } from './requests/request-record.js';
import { toTrackedRequest } from './requests/tracked-request.js';
import { resolveOptions } from './resolve-options.js';
import { createIgnoredCounters, type IgnoreReason, type MatomoStats, toStats } from './stats.js';
import { VERSION } from './version.js';

/** How old a hit is before it may leave: Express ends the span of its handler after the server span. */
const SETTLE_MILLIS = 20;

/** From ended requests to Matomo: decides which make hits, and counts all of them. */
export class HitPipeline {
  readonly #options: ResolvedOptions;
  readonly #diagnostics: Diagnostics;
  readonly #delivery: Delivery;
  readonly #toHit: ReturnType<typeof createToHit>;
  readonly #ignored = createIgnoredCounters();
  #hits = 0;

  constructor(options: ResolvedOptions, diagnostics: Diagnostics) {
    const { tokenAuth, visitorKey } = options;
    this.#options = options;
    this.#diagnostics = diagnostics;
    this.#delivery = new Delivery(options, createTransport(options), diagnostics);
    this.#toHit = createToHit(
      {
        ...options,
        hasToken: tokenAuth !== undefined,
        visitorKey:
          visitorKey ?? (tokenAuth === undefined ? randomBytes(32) : deriveVisitorKey(tokenAuth)),
      },
      diagnostics.warnOnce,
    );
  }

  /** Makes a hit of the request whose server span has ended, or counts why not. */
  add(ended: EndedRecord, span: FinishedSpan): void {
    const site = this.#siteOf(ended, span);
    if (typeof site === 'string') {
      this.#ignored[site] += 1;
      ended.close();
      return;
    }
    this.#hits += 1;
    const now = Date.now();
    const hit: PendingHit = {
      endedMillis: now,
      isSettled: (nowMillis) => {
        const age = nowMillis - now;
        return age >= (ended.running ? this.#options.scheduledDelayMillis : SETTLE_MILLIS);
      },
      settle: () => this.#settle(ended, site),
    };
    if (!this.#delivery.push(hit)) ended.close();
  }

  flush(): Promise<void> {
    return this.#delivery.flush();
  }

  shutdown(): Promise<void> {
    return this.#delivery.shutdown(this.#options.shutdownTimeoutMillis);
  }

  stats(): MatomoStats {
    const { pending, counters } = this.#delivery;
    return toStats(this.#hits, pending, counters, this.#ignored);
  }

  /** The site that a request belongs to, or why it makes no hit. */
  #siteOf(ended: EndedRecord, span: FinishedSpan): number | IgnoreReason {
    const { assumeHttps, ignore, siteId } = this.#options;
    const tracked = () => toTrackedRequest(ended, span, assumeHttps);
    if (ended.ignored) return 'attribute';
    if (ignore && this.#ask('ignore', () => ignore(tracked()))) return 'predicate';
    if (typeof siteId === 'number') return siteId;
    const given = this.#ask('siteId', () => siteId(tracked()));
    const site = toSiteId(given);
    if (site === undefined && given !== undefined) {
      this.#diagnostics.warnOnce(
        'siteId value',
        'siteId returned something that is no site id; the request is not tracked',
      );
    }
    return site ?? 'site';
  }

  /** What an option function says; what it throws is reported once and counts as `undefined`. */
  #ask<T>(option: string, call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      this.#diagnostics.warnOnce(`throws ${option}`, `the option ${option} threw ${nameOf(error)}`);
      return undefined;
    }
  }

  #settle(ended: EndedRecord, site: number): Hit | undefined {
    ended.close();
    if (ended.ignored) {
      this.#hits -= 1;
      this.#ignored.attribute += 1;
      return undefined;
    }
    try {
      return this.#toHit(ended.request, site, Date.now());
    } catch (error) {
      this.#delivery.counters.lost.rejected += 1;
      this.#diagnostics.warnOnce('to-hit', `a request could not be made a hit: ${nameOf(error)}`);
      return undefined;
    }
  }
}

/** Never the message: it may hold what the function was given. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : `a ${typeof error}`;
}

function createTransport({ url, dispatcher }: ResolvedOptions): Transport {
  const userAgent = `opentelemetry-matomo/${VERSION}`;
  const transport = createUndiciTransport({ url, dispatcher, userAgent });
  return {
    send: (body, timeoutMillis) => withoutTracing(() => transport.send(body, timeoutMillis)),
    close: () => transport.close(),
  };
}

/** The pipeline for options as a user gives them; `undefined` where nothing is to be tracked. */
export function createHitPipeline(
  options: MatomoOptions,
  diagnostics: Diagnostics,
): HitPipeline | undefined {
  const resolved = resolveOptions(options, process.env, diagnostics);
  return resolved && new HitPipeline(resolved, diagnostics);
}

/** What a processor that is off has counted. */
export function noStats(): MatomoStats {
  return toStats(0, 0, createDeliveryCounters(), createIgnoredCounters());
}
