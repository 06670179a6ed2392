import type { RequestListener } from 'node:http';
import type { MatomoSpanProcessor } from '../../src/index.js';
import type { InspectedHit } from '../../src/inspector/index.js';
import { eventually } from './child-process.js';
import { startProcessor } from './senders.js';
import { decided, startTracedService, type TracedService } from './traced-service.js';

type Options = Parameters<typeof startProcessor>[0];

interface Variant {
  readonly processor: MatomoSpanProcessor;
  /** Waits until so many requests have been decided on, flushes, and gives what the Matomo of this variant got. */
  hitsOf(requests: number): Promise<InspectedHit[]>;
}

/** One service whose requests go to several processors, each with its own options and inspector. */
export async function startVariants<Name extends string>(
  listener: RequestListener | (() => RequestListener),
  options: Readonly<Record<Name, Options>>,
): Promise<Pick<TracedService, 'fetch' | 'port'> & { readonly of: Record<Name, Variant> }> {
  const variants: [string, Variant][] = [];
  for (const [name, own] of Object.entries<Options>(options)) {
    const { processor, hits } = await startProcessor(own);
    const hitsOf = async (requests: number) => {
      await eventually(() => decided(processor) >= requests);
      return hits();
    };
    variants.push([name, { processor, hitsOf }]);
  }
  const spanProcessors = variants.map(([, { processor }]) => processor as never);
  const { fetch, port } = await startTracedService(
    listener,
    { enabled: false },
    { spanProcessors },
  );
  return { fetch, port, of: Object.fromEntries(variants) as Record<Name, Variant> };
}
