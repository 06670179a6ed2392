import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { trace } from '@opentelemetry/api';
import { expect } from 'vitest';
import { trackEvent, trackGoal, trackOrder } from '../../../src/index.js';
import type { Inspector } from '../../../src/inspector/index.js';
import { OPTIONS } from '../../../src/options/option-table.js';
import type { MatomoOptions } from '../../../src/options.js';
import type { FinishedSpan } from '../../../src/request/finished-span.js';
import { finishedSpan, hitEventOf, spanOfClient } from '../../support/builders.js';
import { setEnvironment } from '../../support/environment.js';
import { sendSpans, startGateway } from '../../support/gateway.js';
import { exportOf } from '../../support/otlp-spans.js';
import { captureOutput } from '../../support/output.js';
import { APPS, REGISTER, startTracked, TRACED } from '../../support/registered-app.js';
import { startExporter } from '../../support/senders.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { fetchFrom, startTracedService, type TracedService } from '../../support/traced-service.js';
import { REQUESTS, type TableRequest } from './rows.js';

type Env = Readonly<Record<string, string>>;

/** Has requests made under these variables, by default all; the hits that leave, decoded. */
export type Way = (env: Env, requests?: readonly TableRequest[]) => Promise<readonly string[]>;

const { createListener } = createRequire(import.meta.url)('../../support/apps/privacy.cjs');
const APP = `${APPS}/privacy.cjs`;
const EVENTS = {
  event: { e_c: 'table', e_a: 'event' },
  goal: { idgoal: '7' },
  order: { idgoal: '0', ec_id: 'A-1', revenue: '1' },
} as Readonly<Record<string, Record<string, string>>>;
const JOB = { e_c: 'table', e_a: 'background', uid: 'background' };

const textsOf = (inspector: Inspector) =>
  inspector.hits().map(
    ({ params }) =>
      `?${Object.entries(params)
        .map((pair) => pair.join('='))
        .join('&')}`,
  );

/** Nothing sets a cookie. */
async function sendRequests(
  send: TracedService['fetch'],
  requests: readonly TableRequest[],
): Promise<void> {
  for (const { target, headers } of requests) {
    const response = await send(target, { headers });
    expect(response.headers).not.toHaveProperty('set-cookie');
  }
}

/** A service in this process. */
async function serve(env: Env, requests = REQUESTS, options: MatomoOptions = {}) {
  setEnvironment(env);
  const service = await startTracedService(
    () => createListener({ trackEvent, trackGoal, trackOrder, trace }),
    { scheduledDelayMillis: 60_000, ...options },
  );
  await sendRequests(service.fetch, requests);
  trackEvent('table', 'background', { uid: 'background' });
  await service.requests(requests.length);
  await service.processor.forceFlush();
  return service;
}

/** An application in a child process that has only `register`. */
async function register(args: readonly string[], env: Env, requests = REQUESTS) {
  const { inspector, app } = await startTracked([...args, APP], { ...AT_THE_END, ...env });
  const port = Number(new URL(app.url).port);
  await sendRequests((target, options) => fetchFrom(port, target, options), requests);
  await app.stop();
  return textsOf(inspector);
}

/** All hits leave at the end. */
const AT_THE_END = { MATOMO_SCHEDULE_DELAY: '3600000', MATOMO_SHUTDOWN_TIMEOUT: '20000' };

/** Options as `start` gets them. */
function inCode(env: Env): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [variable, text] of Object.entries(env)) {
    const [name, value] =
      Object.entries(OPTIONS).find(([, { env: own }]) => own === variable) ?? [];
    if (!name || !value) throw new Error(`No option has the variable ${variable}`);
    const isList = Array.isArray(value.default);
    const isMap = name === 'dimensions';
    if (isMap) options[name] = Object.fromEntries(text.split(',').map((pair) => pair.split('=')));
    else if (isList) options[name] = text.split(',');
    else options[name] = /^(?:true|false|\d+)$/.test(text) ? JSON.parse(text) : text;
  }
  return options;
}

/** Spans of the requests, and of a job. */
function spansOf(requests: readonly TableRequest[] = REQUESTS): FinishedSpan[] {
  const spans = requests.map(({ kind, target, headers }) => {
    const failed = { 'http.response.status_code': 500, 'error.type': 'TypeError' };
    const event = EVENTS[kind];
    const events = event && { events: [hitEventOf(event)] };
    return spanOfClient(target, headers, kind === 'error' ? failed : {}, events);
  });
  return [...spans, finishedSpan({ kind: 4, events: [hitEventOf(JOB)] })];
}

export const WAYS: Readonly<Record<string, Way>> = {
  async SDK(env, requests) {
    return textsOf((await serve(env, requests)).inspector);
  },
  async 'dry run'(env, requests) {
    const output = captureOutput();
    await serve({ ...env, MATOMO_DRY_RUN: 'true' }, requests);
    return output.filter((line) => line.includes('dry run: '));
  },
  async spool(env, requests) {
    const spool = temporaryFolder();
    const service = await serve(env, requests, { spool, url: 'http://127.0.0.1:9/' });
    await service.processor.shutdown();
    const files = readdirSync(spool, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    const texts = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'));
    return texts.flatMap((text) => text.split('\n').map((line) => unescape(line)));
  },
  async exporter(env, requests) {
    setEnvironment(env);
    const { inspector, exporter } = await startExporter({}, { customVariables: true });
    exporter.export(spansOf(requests), () => undefined);
    await exporter.forceFlush();
    return textsOf(inspector);
  },
  async gateway(env, requests) {
    setEnvironment(env);
    const { gateway, inspector } = await startGateway({ scheduledDelayMillis: 60_000 });
    const response = await sendSpans(gateway, exportOf(spansOf(requests)));
    expect(response.headers.getSetCookie()).toEqual([]);
    await gateway.close();
    return textsOf(inspector);
  },
  'register without tracing': (env, requests) => register(REGISTER, env, requests),
  'worker thread, options in code': (env, requests) =>
    register(TRACED, { WORKER: '1', START: JSON.stringify(inCode(env)) }, requests),
};
