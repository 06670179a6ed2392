import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, ROOT } from '../../support/child-process.js';
import { listen } from '../../support/listen.js';
import { sampled } from '../../support/long.js';
import { packBeforeTests, preparePlace } from '../../support/matrix.js';
import { get, REGISTER } from '../../support/registered-app.js';
import { APP, firstDelivery, startHost } from './hosts.js';

const npmPackage = packBeforeTests();
const setUp = { name: 'sentry-alone', dependencies: { '@sentry/node': '10.78.0' } };
const APP_WITH_SENTRY = 'traces-calls.cjs';

const PRELOADS: [node: number, when: string, args: string[]][] = [
  [20, 'after', [...REGISTER, APP_WITH_SENTRY]],
  [22, 'before', ['--require', '@sentry/node', ...REGISTER, APP_WITH_SENTRY]],
  [24, 'after', [...REGISTER, APP_WITH_SENTRY]],
];

test.each(sampled(PRELOADS.slice(0, 1), PRELOADS))(
  'on Node.js %d, Sentry 10 that is loaded %s the package traces requests of the application, and no delivery',
  async (node, _when, args) => {
    const { folder: cwd, node: path } = await preparePlace({ node, setUp }, npmPackage());
    cpSync(join(ROOT, APP), join(cwd, 'host-app.cjs'));
    const traced: string[] = [];
    const target = await listen((request, response) => {
      if (request.headers['sentry-trace'] !== undefined) traced.push(request.url ?? '');
      response.end();
    });
    const env = { SENTRY_DSN: 'http://key@127.0.0.1:9/1', TARGET: target };
    const host = await startHost(args, { cwd, node: path, env });
    const { receiver, app } = host;
    await get(`${app.url}/calls`);
    await firstDelivery(host);
    receiver.play({ refusals: 1 });
    await get(`${app.url}/2`);
    await eventually(() => receiver.tracked().length === 2);
    const seen = await eventually(async () => {
      const { breadcrumbs, spans } = JSON.parse(await get(`${app.url}/seen`));
      return spans.includes(`${target}/fetch`) && { breadcrumbs, spans };
    });
    expect(traced).toEqual(['/http', '/fetch']);
    expect(seen.breadcrumbs).toEqual([`${target}/http`, `${target}/fetch`]);
    expect(
      [...seen.spans, ...seen.breadcrumbs].filter((url) => url.startsWith(receiver.url)),
    ).toEqual([]);
    for (const { rawHeaders } of receiver.bulks) {
      const names = rawHeaders.map((each) => each.toLowerCase());
      expect(names.filter((name) => /^(?:sentry-trace|baggage|traceparent)$/.test(name))).toEqual(
        [],
      );
    }
    expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  },
);
