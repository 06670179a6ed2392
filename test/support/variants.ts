import type { RequestListener } from 'node:http';
import { onTestFinished } from 'vitest';
import { MatomoSpanProcessor } from '../../src/index.js';
import type { InspectedHit } from '../../src/inspector/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { startMatomo } from './matomo.js';
import { decided, startTracedService, until } from './traced-service.js';

type TracedService = Awaited<ReturnType<typeof startTracedService>>;

interface Variant {
  readonly processor: MatomoSpanProcessor;
  /** Waits until so many requests have been decided on, flushes, and gives what the Matomo of this variant got. */
  hitsOf(requests: number): Promise<InspectedHit[]>;
}

/** One service whose requests go to several processors, each with its own options and inspector. */
export async function startVariants<Name extends string>(
  listener: RequestListener | (() => RequestListener),
  options: Readonly<Record<Name, MatomoOptions | ((matomoUrl: string) => MatomoOptions)>>,
): Promise<Pick<TracedService, 'fetch' | 'port'> & { readonly of: Record<Name, Variant> }> {
  const variants: [string, Variant][] = [];
  const given = options as Record<string, MatomoOptions | ((url: string) => MatomoOptions)>;
  for (const [name, own] of Object.entries(given)) variants.push([name, await startVariant(own)]);
  const spanProcessors = variants.map(([, { processor }]) => processor as never);
  const service = await startTracedService(listener, { enabled: false }, { spanProcessors });
  return {
    fetch: service.fetch,
    port: service.port,
    of: Object.fromEntries(variants) as Record<Name, Variant>,
  };
}

async function startVariant(
  options: MatomoOptions | ((matomoUrl: string) => MatomoOptions),
): Promise<Variant> {
  const inspector = await startMatomo({ customVariables: true });
  const own = typeof options === 'function' ? options(inspector.url) : options;
  const processor = new MatomoSpanProcessor({ url: inspector.url, siteId: 1, ...own });
  onTestFinished(() => processor.shutdown());
  return {
    processor,
    async hitsOf(requests) {
      await until(() => decided(processor) >= requests);
      await processor.forceFlush();
      return inspector.hits();
    },
  };
}
