import { resources } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import type { MatomoSpanExporter } from '../../src/index.js';
import type { InspectedHit } from '../../src/inspector/index.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportRequest, requestSpan } from '../support/otlp-spans.js';
import { APPS, AUTO, get, ONLY_TRACES, REGISTER, startTracked } from '../support/registered-app.js';
import { startExporter } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

const OPTIONS = {
  siteId: 'shop=3, blog=4',
  dimensions: { 1: 'service.name', 2: 'deployment.environment.name', 3: 'trace_id', 4: 'span_id' },
} as const;
const ENVIRONMENT = {
  MATOMO_SITE_ID: OPTIONS.siteId,
  MATOMO_DIMENSIONS: Object.entries(OPTIONS.dimensions)
    .map((pair) => pair.join('='))
    .join(),
};
const TRACING = {
  OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http',
  OTEL_NODE_RESOURCE_DETECTORS: 'env',
  OTEL_TRACES_EXPORTER: 'console',
  ...ONLY_TRACES,
};
const DECLARATIVE = ['--require', `./${APPS}/declarative.cjs`];
const FILE = { OTEL_CONFIG_FILE: `${APPS}/declarative.yaml` };
type Resource = Readonly<Record<string, string>>;

/** The first hit of a request to a service with this resource, or `undefined` if its request is ignored. */
type Run = (resource: Resource) => Promise<InspectedHit | undefined>;

const processor: Run = async (attributes) => {
  const resource = resources.resourceFromAttributes(attributes);
  const service = await startTracedService((_, response) => response.end(), OPTIONS, { resource });
  return (await service.visit('/'))[0];
};

/** As NodeSDK has it while its detectors run. */
const pendingResource: Run = async (attributes) => {
  const never = new Promise<string>(() => undefined);
  const resource = resources.resourceFromAttributes({ ...attributes, 'host.id': never });
  const service = await startTracedService((_, response) => response.end(), OPTIONS, { resource });
  return (await service.visit('/'))[0];
};

const exporter: Run = async (attributes) => {
  const { inspector, exporter: matomoExporter } = await startExporter(OPTIONS, {
    customVariables: true,
  });
  const batches = new BatchSpanProcessor(matomoExporter);
  const service = await startTracedService(
    (_, response) => response.end(),
    { enabled: false },
    { resource: resources.resourceFromAttributes(attributes), spanProcessors: [batches] },
  );
  await service.fetch('/');
  await batches.forceFlush();
  await eventually(() => decided(matomoExporter) === 1);
  await matomoExporter.forceFlush();
  return inspector.hits()[0];
};

function decided(exporting: MatomoSpanExporter): number {
  const { hits, ignored } = exporting.stats();
  return hits + ignored.site + ignored.attribute;
}

const gateway: Run = async (attributes) => {
  const { gateway: running, inspector } = await startGateway(OPTIONS);
  await sendSpans(running, exportRequest([requestSpan('/')], attributes));
  await eventually(() => {
    const { hits, ignored } = running.stats();
    return hits + ignored.site + ignored.attribute === 1;
  });
  await running.close();
  return inspector.hits()[0];
};

function registered(flags: readonly string[], tracing: Resource = {}): Run {
  return async ({ 'service.name': service = '', ...attributes }) => {
    const pairs = Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
    const { inspector, app } = await startTracked([...flags, `${APPS}/plain-http.cjs`], {
      ...ENVIRONMENT,
      OTEL_SERVICE_NAME: service,
      OTEL_RESOURCE_ATTRIBUTES: pairs.join(),
      ...tracing,
    });
    // With auto-instrumentations, SIGTERM does not end a process.
    await get(`${app.url}/stop`);
    await app.exit();
    return inspector.hits()[0];
  };
}

const WAYS: readonly (readonly [string, Run, hasSpans: boolean])[] = [
  ['the processor', processor, true],
  ['the processor, while attributes are detected', pendingResource, true],
  ['the exporter', exporter, true],
  ['the gateway', gateway, true],
];
/** Each run is a process: these have few of the sites below. */
const REGISTERED: typeof WAYS = [
  ['register without tracing', registered(REGISTER), false],
  ['register beside tracing', registered([...AUTO, ...REGISTER], TRACING), true],
  ['register beside an SDK with a file', registered([...DECLARATIVE, ...REGISTER], FILE), true],
];

test.each([...WAYS, ...REGISTERED])(
  '%s takes site, dimensions and custom variables from the resource',
  async (_way, run, hasSpans) => {
    const hit = await run({
      'service.name': 'shop',
      'deployment.environment.name': 'staging',
      'matomo.cvar.team': 'blue',
    });
    expect(hit?.params).toMatchObject({ idsite: '3', dimension1: 'shop', dimension2: 'staging' });
    expect(hit?.params.cvar).toContain('"team","blue"');
    const { dimension3, dimension4 } = hit?.params ?? {};
    expect([dimension3?.length, dimension4?.length]).toEqual(
      hasSpans ? [32, 16] : [undefined, undefined],
    );
  },
);

/** What the resource says, and the site of its requests. */
const SITES: readonly (readonly [Resource, string | undefined])[] = [
  [{ 'service.name': 'admin' }, undefined],
  [{ 'service.name': 'admin', 'matomo.idsite': '9' }, '9'],
  [{ 'service.name': 'shop', 'matomo.idsite': '9' }, '9'],
  [{ 'service.name': 'shop', 'matomo.ignore': 'true' }, undefined],
];

const rowsOf = (ways: typeof WAYS, sites: typeof SITES) =>
  ways.flatMap(([way, run]) => sites.map(([resource, site]) => ({ way, run, resource, site })));

test.each([...rowsOf(WAYS, SITES), ...rowsOf(REGISTERED.slice(0, 1), SITES.slice(3))])(
  '$way: site $site for $resource',
  async ({ run, resource, site }) => {
    const hit = await run(resource);
    expect(hit?.params.idsite).toBe(site);
  },
);
