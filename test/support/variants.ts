import type { RequestListener } from 'node:http';
import type { MatomoSpanProcessor } from '../../src/index.js';
import type { InspectedHit } from '../../src/inspector/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { startTracedService, stopTracedService, type TracedService } from './traced-service.js';

type Options = MatomoOptions;
type Sent = Parameters<TracedService['fetch']>;

interface Variant {
  /** Sends all requests to a service with these options, and gives what Matomo has got when so many have been decided on. */
  hitsOf(requests: number): Promise<InspectedHit[]>;
  /** That of the service, once it was started. */
  readonly processor: MatomoSpanProcessor | undefined;
}

/** The same requests to one service after the other, each with its own options: a process has one tracker. */
export function startVariants<Name extends string>(
  listener: RequestListener | (() => RequestListener),
  options: Readonly<Record<Name, Options>>,
): { fetch(...sent: Sent): void; readonly of: Record<Name, Variant> } {
  const requests: Sent[] = [];

  function createVariant(own: Options): Variant {
    let service: TracedService | undefined;
    return {
      async hitsOf(count) {
        const started = await startTracedService(listener, own);
        service = started;
        for (const sent of requests) await started.fetch(...sent);
        await started.requests(count);
        const hits = await started.hits();
        await stopTracedService(started);
        return hits;
      },
      get processor() {
        return service?.processor;
      },
    };
  }

  const entries = Object.entries<Options>(options).map(([name, own]) => [name, createVariant(own)]);
  return {
    fetch: (...sent) => void requests.push(sent),
    of: Object.fromEntries(entries) as Record<Name, Variant>,
  };
}
