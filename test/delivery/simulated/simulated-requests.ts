import type { Delivery } from '../../../src/delivery/delivery.js';
import { type CheckedHit, type FurtherHit, parameterOf } from '../../../src/hit/further-hit.js';
import type { Hit } from '../../../src/hit/hit.js';
import type { HttpRequest } from '../../../src/hit/http-request.js';
import { FurtherHits, type FurtherHitsParts } from '../../../src/pipeline/further-hits.js';
import { PendingPageView } from '../../../src/pipeline/pending-hits.js';
import { createHitCounts } from '../../../src/pipeline/stats.js';
import { Request } from '../../../src/requests/request.js';
import { httpRequest } from '../../support/builders.js';
import { DEFAULT_OPTIONS } from '../../support/default-options.js';
import { kindOf, queryOf } from '../../support/named-hits.js';

/** Hits with names, as the four functions make them. */
const CALLS: readonly ((name: string) => FurtherHit['parameters'])[] = [
  (name) => ({ e_c: 'simulated', e_a: name }),
  (name) => ({ idgoal: 1, revenue: 2, e_n: name }),
  (name) => ({ idgoal: 0, ec_id: name, revenue: 1 }),
  (name) => ({ search: name }),
];
const NAMING = ['e_a', 'e_n', 'ec_id', 'search'];

/** A request that goes on. Its functions return whether there was room for the hit. */
export interface SimulatedRequest {
  /** Makes a hit besides the page view. */
  track(name: string): boolean;
  /** Ends, with a page view that is called so. */
  end(name: string): boolean;
}

/** Requests of a process with hits besides their page views, which are queued as in its pipeline. */
export class SimulatedRequests {
  readonly #delivery: Delivery;
  readonly #further: FurtherHits;
  readonly #open = new WeakMap<Request, HttpRequest>();
  #calls = 0;

  constructor(delivery: Delivery, scheduledDelayMillis: number) {
    this.#delivery = delivery;
    this.#further = new FurtherHits({
      options: {
        ...DEFAULT_OPTIONS,
        tokenAuth: undefined,
        maxCustomVariables: 0,
        siteId: 1,
        scheduledDelayMillis,
      },
      delivery,
      readOpen: (open: Request) => open.snapshot(this.#open.get(open) as HttpRequest),
      diagnostics: { warnOnce: (_: string, text: () => string) => fail(text()) },
      decisions: {
        decideOpen(request: Request) {
          request.site = 1;
        },
        decideSample: () => true,
      },
      counts: createHitCounts(),
      loseHit: fail,
      builder: () => ({
        read: (request: HttpRequest) => ({ request }),
        buildFurtherHit: (hit: CheckedHit, { request }: { request: HttpRequest }) =>
          toHit(nameOf(hit), request, hit.fields.map(({ text }) => text).join('')),
      }),
    } as unknown as FurtherHitsParts);
  }

  begin(visitor: string): SimulatedRequest {
    const request = httpRequest({ userAgent: visitor, startMillis: Date.now() });
    const open = new Request();
    open.startedMillis = performance.now();
    this.#open.set(open, request);
    return {
      track: (name) => {
        const parameters = CALLS[this.#calls++ % CALLS.length]?.(name) ?? {};
        const hit = { parameters, epochMillis: Date.now() };
        return this.#isTaken(() => this.#further.add(hit, open));
      },
      end: (name) => {
        const durationMillis = performance.now() - open.startedMillis;
        const ended = open.end({ ...request, durationMillis });
        ended.site = 1;
        const finalize = () => {
          ended.close();
          return [toHit(name, request)];
        };
        const page = new PendingPageView({ finalize }, ended);
        const isTaken = this.#isTaken(() => void this.#delivery.push(page));
        if (!isTaken) ended.close();
        this.#further.addAfterEnd(ended, isTaken ? page : undefined);
        return isTaken;
      },
    };
  }

  #isTaken(push: () => void): boolean {
    const lost = () => {
      const { queue_full, shutdown } = this.#delivery.counters.lost;
      return queue_full + shutdown;
    };
    const before = lost();
    push();
    return lost() === before;
  }
}

function toHit(name: string, { userAgent = '', startMillis }: HttpRequest, text = ''): Hit {
  const startSeconds = Math.floor(startMillis / 1000);
  return {
    site: 1,
    visitor: userAgent,
    startSeconds,
    kind: kindOf(name),
    query: queryOf(name) + text,
  };
}

function nameOf(hit: CheckedHit): string {
  const names = NAMING.flatMap((name) => parameterOf(hit, name) ?? []);
  return names[0] ?? fail('a hit without a name');
}

function fail(text: string): never {
  throw new Error(text);
}
