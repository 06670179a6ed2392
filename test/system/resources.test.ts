import { resources } from '@opentelemetry/sdk-node';
import { expect, test } from 'vitest';
import type { InspectedHit } from '../../src/inspector/index.js';
import { APPS, AUTO, get, ONLY_TRACES, REGISTER, startTracked } from '../support/registered-app.js';
import { startTracedService } from '../support/traced-service.js';

// The contracts of hits and spans have what becomes of attributes of a resource; this is where they come from.

const SITE_ID = 'shop=3, blog=4';
const DIMENSIONS = ['service.name', 'deployment.environment.name', 'trace_id', 'span_id'];
const RESOURCE = {
  'service.name': 'shop',
  'deployment.environment.name': 'staging',
  'matomo.cvar.team': 'blue',
};
const TRACING = {
  OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http',
  OTEL_NODE_RESOURCE_DETECTORS: 'env',
  OTEL_TRACES_EXPORTER: 'console',
  ...ONLY_TRACES,
};
const DECLARATIVE = ['--require', `./${APPS}/declarative.cjs`];
const FILE = { OTEL_CONFIG_FILE: `${APPS}/declarative.yaml` };

function expectResource(hit: InspectedHit | undefined, hasSpans: boolean): void {
  expect(hit?.params).toMatchObject({ idsite: '3', dimension1: 'shop', dimension2: 'staging' });
  expect(hit?.params.cvar).toContain('"team","blue"');
  const { dimension3, dimension4 } = hit?.params ?? {};
  const lengths = hasSpans ? [32, 16] : [undefined, undefined];
  expect([dimension3?.length, dimension4?.length]).toEqual(lengths);
}

test.each([
  ['register without tracing', REGISTER, {}, false],
  ['register beside tracing', [...AUTO, ...REGISTER], TRACING, true],
  ['register beside an SDK with a file', [...DECLARATIVE, ...REGISTER], FILE, true],
] as const)(
  '%s takes site, dimensions and custom variables from the resource',
  async (_way, flags, tracing, hasSpans) => {
    const { 'service.name': service, ...attributes } = RESOURCE;
    const pairs = Object.entries(attributes).map((pair) => pair.join('='));
    const { inspector, app } = await startTracked([...flags, `${APPS}/plain-http.cjs`], {
      MATOMO_SITE_ID: SITE_ID,
      MATOMO_DIMENSIONS: DIMENSIONS.map((name, i) => `${i + 1}=${name}`).join(),
      OTEL_SERVICE_NAME: service,
      OTEL_RESOURCE_ATTRIBUTES: pairs.join(),
      ...tracing,
    });
    // With auto-instrumentations, SIGTERM does not end a process.
    await get(`${app.url}/stop`);
    await app.exit();
    expectResource(inspector.hits()[0], hasSpans);
  },
);

test('so does a processor while other attributes are still detected', async () => {
  const pending = new Promise<string>(() => undefined);
  const resource = resources.resourceFromAttributes({ ...RESOURCE, 'host.id': pending });
  const dimensions = Object.fromEntries(DIMENSIONS.map((name, i) => [i + 1, name]));
  const options = { siteId: SITE_ID as never, dimensions };
  const service = await startTracedService((_, response) => response.end(), options, { resource });
  expectResource((await service.visit('/'))[0], true);
});
