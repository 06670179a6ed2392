import { expect, test } from 'vitest';
import { APPS, AUTO, get, ONLY_TRACES, REGISTER, startTracked } from '../support/registered-app.js';

// The contracts of hits and spans have what becomes of attributes of a resource; this is where they come from.

const ENV = {
  MATOMO_SITE_ID: 'shop=3, blog=4',
  MATOMO_DIMENSIONS: '1=service.name,2=deployment.environment.name,3=trace_id,4=span_id',
  OTEL_SERVICE_NAME: 'shop',
  OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging,matomo.cvar.team=blue',
};
const TRACING = {
  OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http',
  OTEL_NODE_RESOURCE_DETECTORS: 'env',
  OTEL_TRACES_EXPORTER: 'console',
  ...ONLY_TRACES,
};
const DECLARATIVE = ['--require', `./${APPS}/declarative.cjs`];
const FILE = { OTEL_CONFIG_FILE: `${APPS}/declarative.yaml` };

test.each([
  ['register without tracing', REGISTER, {}, false],
  ['register beside tracing', [...AUTO, ...REGISTER], TRACING, true],
  ['register beside an SDK with a file', [...DECLARATIVE, ...REGISTER], FILE, true],
] as const)(
  '%s takes site, dimensions and custom variables from the resource',
  async (_way, flags, tracing, hasSpans) => {
    const args = [...flags, `${APPS}/plain-http.cjs`];
    const { inspector, app } = await startTracked(args, { ...ENV, ...tracing });
    // With auto-instrumentations, SIGTERM does not end a process.
    await get(`${app.url}/stop`);
    await app.exit();
    const { params = {} } = inspector.hits()[0] ?? {};
    expect(params).toMatchObject({ idsite: '3', dimension1: 'shop', dimension2: 'staging' });
    expect(params.cvar).toContain('"team","blue"');
    const lengths = [params.dimension3?.length, params.dimension4?.length];
    expect(lengths).toEqual(hasSpans ? [32, 16] : [undefined, undefined]);
  },
);
