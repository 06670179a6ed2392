import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { coded } from '../common/messages.js';
import { otelGlobal } from '../common/otel-global.js';

const API = '@opentelemetry/api';

/** If so many requests have no SERVER span, that is no coincidence. */
export const REQUESTS_TO_JUDGE = 100;

/** The message if a processor has got no spans of the first requests, with the cause as far as it is known. */
export function describeNothingTracked(): string {
  return coded(
    'nothing-tracked',
    `${REQUESTS_TO_JUDGE} requests were served, and MatomoSpanProcessor got no spans of them. Matomo receives nothing. ${findAdvice()}.`,
  );
}

function findAdvice(): string {
  if (!isApiInstalled())
    return `${API} is not installed: to set up tracing, run npm install ${API} @opentelemetry/sdk-node @opentelemetry/instrumentation-http; without tracing, call start() instead`;
  if (otelGlobal()?.trace === undefined)
    return 'No tracer provider is registered: start the SDK that has the processor, or load opentelemetry-matomo/register, which needs no spans';
  return "Unless tracing ignores them on purpose, load the HTTP instrumentation before the server, in ES modules with OpenTelemetry's loader hook, and let the sampler record them; or load opentelemetry-matomo/register, which needs no spans";
}

/** Whether anything is registered with OpenTelemetry's API, or the application could load it. */
export function isApiInstalled(): boolean {
  if (otelGlobal()) return true;
  const [, file] = process.argv;
  const folders = [file === undefined ? [] : dirname(file), process.cwd()].flat();
  return folders.some((folder) => {
    try {
      createRequire(resolve(folder, 'index.js')).resolve(API);
      return true;
    } catch {
      return false;
    }
  });
}
