import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { onTestFinished } from 'vitest';
import { MatomoSpanExporter, MatomoSpanProcessor, start } from '../../src/index.js';
import type { InspectedHit, InspectorOptions } from '../../src/inspector/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { startMatomo } from './matomo.js';

/** A processor that sends to an inspector, until the end of the test. Its tracer provider is not the global one. */
export async function startProcessor(
  options: MatomoOptions | ((matomoUrl: string) => MatomoOptions) = {},
) {
  const inspector = await startMatomo({ customVariables: true });
  const own = typeof options === 'function' ? options(inspector.url) : options;
  const processor = new MatomoSpanProcessor({ url: inspector.url, siteId: 1, ...own });
  const provider = new BasicTracerProvider({ spanProcessors: [processor as never] });
  onTestFinished(() => provider.shutdown());
  return {
    inspector,
    processor,
    tracer: provider.getTracer('own'),
    async hits(): Promise<InspectedHit[]> {
      await processor.forceFlush();
      return inspector.hits();
    },
  };
}

/** Until the end of the test, requests without a SERVER span count, too. */
export function countAllRequests(): void {
  const { shutdown } = start();
  onTestFinished(shutdown);
}

/** The same of an exporter. */
export async function startExporter(
  options: MatomoOptions = {},
  inspectorOptions: InspectorOptions = {},
) {
  const inspector = await startMatomo(inspectorOptions);
  const exporter = new MatomoSpanExporter({ url: inspector.url, siteId: 1, ...options });
  onTestFinished(() => exporter.shutdown());
  return { exporter, inspector };
}
