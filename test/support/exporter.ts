import { onTestFinished } from 'vitest';
import { MatomoSpanExporter } from '../../src/index.js';
import type { Inspector, InspectorOptions } from '../../src/inspector/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { startMatomo } from './matomo.js';

/** An exporter with an inspector behind it, until the end of the test. */
export async function startExporter(
  options: MatomoOptions = {},
  inspectorOptions: InspectorOptions = {},
): Promise<{ exporter: MatomoSpanExporter; inspector: Inspector }> {
  const inspector = await startMatomo(inspectorOptions);
  const exporter = new MatomoSpanExporter({ url: inspector.url, siteId: 1, ...options });
  onTestFinished(() => exporter.shutdown());
  return { exporter, inspector };
}
