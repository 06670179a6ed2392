// Traced as the pages of @hono/otel say: by that and nothing else.
import { createAdaptorServer } from '@hono/node-server';
import { httpInstrumentationMiddleware } from '@hono/otel';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { serve } from '../serve.cjs';
import { createHonoApp } from './hono-app.mjs';

const sdk = new NodeSDK();
sdk.start();
const app = createHonoApp(httpInstrumentationMiddleware());
serve(createAdaptorServer({ fetch: app.fetch }), () => sdk.shutdown());
