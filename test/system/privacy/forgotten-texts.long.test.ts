import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { expect, test } from 'vitest';
import { spanOfClient } from '../../support/builders.js';
import { eventually } from '../../support/child-process.js';
import { sendSpans, startGatewayProcess } from '../../support/gateway.js';
import { exportOf } from '../../support/otlp-spans.js';
import { matomo, startRegistered } from '../../support/registered-app.js';
import { requires } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { fetchFrom } from '../../support/traced-service.js';

const ENV = {
  ...{ MATOMO_TOKEN_AUTH: 'a-token', MATOMO_TRUST_PROXY: 'true', MATOMO_ANONYMIZE_IP: '2' },
  ...{ MATOMO_DO_NOT_TRACK: 'true', MATOMO_CONSENT: 'cookie:consent=yes' },
  MATOMO_CAPTURED_HEADERS: 'dnt,sec-gpc,cookie',
  ...{ MATOMO_SAMPLE_RATE: '0.999999', MATOMO_SCHEDULE_DELAY: '20' },
};
const NUMBERS = [1, 2, 3, 1, 2, 3];
const CONSENT = { cookie: 'consent=yes' };

type Call = { readonly path: string; readonly headers: Readonly<Record<string, string>> };

/** Of visitors who must not be tracked, and of one whose address and secrets are not sent as they came. */
const callsOf = (i: number): readonly Call[] => [
  {
    path: `/a?a=kept-dntquery-${i}`,
    headers: {
      ...CONSENT,
      dnt: '1',
      'user-agent': `kept-dnt-${i}`,
      'accept-language': `kept-l-${i}`,
    },
  },
  {
    path: `/kept-nopath-${i}`,
    headers: { 'user-agent': `kept-no-${i}`, referer: `https://a.example/kept-noreferrer-${i}` },
  },
  {
    path: `/a?token=kept-query-${i}`,
    headers: {
      ...CONSENT,
      'user-agent': `kept-sent-${i}`,
      'x-forwarded-for': `198.51.100.20${i}`,
      referer: `https://a.example/?token=kept-referrer-${i}`,
    },
  },
];
/** Their texts replace what is kept of a connection or a regular expression until the next request. */
const LAST: Call = { path: '/last', headers: { ...CONSENT, 'user-agent': 'curl/8' } };
const CALLS = [...NUMBERS.flatMap(callsOf), LAST, LAST, LAST];
const TRACKED = NUMBERS.length + 3;

/** Node.js keeps the context of a request in its timer for the Date header, until the next second. */
async function passSecond(url: string): Promise<void> {
  const readDate = async () => (await fetch(url)).headers.get('date');
  const date = await readDate();
  await eventually(async () => (await readDate()) !== date);
}

/** Options of Node.js with which a process writes a snapshot of its heap into a folder. */
const snapshotTo = (folder: string) => ({
  NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`,
});

async function textsIn(child: { kill(signal: NodeJS.Signals): void }, folder: string) {
  child.kill('SIGUSR2');
  const snapshot = await eventually(() => {
    const [name] = readdirSync(folder);
    const text = name === undefined ? '' : readFileSync(join(folder, name), 'utf8');
    return text.trimEnd().endsWith(']}') && text;
  });
  return new Set(snapshot.match(/kept-[a-z]+-\d|198\.51\.100\.20\d/g));
}

const SENT = ['kept-sent-1', 'kept-sent-2', 'kept-sent-3'];

test('an application keeps nothing of visitors who opted out, and no address or secret that it does not send', async () => {
  requires('signals');
  const folder = temporaryFolder();
  const env = { ...ENV, ...snapshotTo(folder) };
  const { inspector, app } = await startRegistered('plain-http.cjs', env);
  const port = Number(new URL(app.url).port);
  for (const { path, headers } of CALLS) await fetchFrom(port, path, { headers });
  await passSecond(app.url);
  await eventually(() => inspector.hits().length === TRACKED);
  expect([...(await textsIn(app, folder))].sort()).toEqual(SENT);
});

test('a gateway keeps none of that either', async () => {
  requires('signals');
  const folder = temporaryFolder();
  const { inspector, env } = await matomo();
  const gateway = await startGatewayProcess({ ...env, ...ENV, ...snapshotTo(folder) });
  for (const { path, headers } of CALLS) {
    const address = headers['x-forwarded-for'] ?? '127.0.0.1';
    const span = spanOfClient(path, headers, { 'network.peer.address': address });
    const body = exportOf([span], ProtobufTraceSerializer);
    const answer = await sendSpans(gateway, body, { 'content-type': 'application/x-protobuf' });
    expect(answer.status).toBe(200);
  }
  await eventually(() => inspector.hits().length === TRACKED);
  expect([...(await textsIn(gateway, folder))].sort()).toEqual(SENT);
});
