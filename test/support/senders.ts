import type { Tracer } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { onTestFinished } from 'vitest';
import { MatomoSpanExporter, MatomoSpanProcessor, start } from '../../src/index.js';
import type { InspectedHit, Inspector, InspectorOptions } from '../../src/inspector/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { startMatomo } from './matomo.js';

interface StartedProcessor {
  readonly inspector: Inspector;
  readonly processor: MatomoSpanProcessor;
  readonly tracer: Tracer;
  hits(): Promise<InspectedHit[]>;
}

/** A processor that sends to an inspector, until the end of the test. Its tracer provider is not the global one. */
export async function startProcessor(
  options: MatomoOptions | ((matomoUrl: string) => MatomoOptions) = {},
): Promise<StartedProcessor> {
  const inspector = await startMatomo({ customVariables: true });
  const own = typeof options === 'function' ? options(inspector.url) : options;
  const processor = new MatomoSpanProcessor({ url: inspector.url, siteId: 1, ...own });
  const provider = new BasicTracerProvider({ spanProcessors: [processor as never] });
  onTestFinished(() => provider.shutdown());
  return {
    inspector,
    processor,
    tracer: provider.getTracer('own'),
    async hits() {
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
): Promise<{ exporter: MatomoSpanExporter; inspector: Inspector }> {
  const inspector = await startMatomo(inspectorOptions);
  const exporter = new MatomoSpanExporter({ url: inspector.url, siteId: 1, ...options });
  onTestFinished(() => exporter.shutdown());
  return { exporter, inspector };
}
