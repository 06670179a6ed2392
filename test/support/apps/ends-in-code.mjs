// Sets its tracing up in its own code, as an ES module, with this package and options as JSON in OPTIONS. Ends as `ends.cjs` does.
import { createRequire } from 'node:module';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { setUpTracing } from './set-up-tracing.cjs';

setUpTracing([new MatomoSpanProcessor(JSON.parse(process.env.OPTIONS ?? '{}'))]);
createRequire(import.meta.url)('./ends.cjs');
