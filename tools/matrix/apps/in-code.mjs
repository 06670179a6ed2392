// The same as an ES module, with the loader hook that OpenTelemetry asks for there.
import { register } from 'node:module';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { serve } from './serve.cjs';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
const sdk = new NodeSDK({ instrumentations: [new HttpInstrumentation()] });
if (process.env.REGISTER === 'before') await import('opentelemetry-matomo/register');
sdk.start();
if (process.env.REGISTER === 'after') await import('opentelemetry-matomo/register');

const { createPlainServer } = await import('./plain-server.mjs');
serve(createPlainServer(), () => sdk.shutdown());
