import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import type { Inspector } from '../../src/inspector/index.js';
import { eventually } from '../support/child-process.js';
import { APPS, REGISTER, startTracked, TRACED } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';

/** Sends a request, and waits for the first bytes of its response. */
async function open(url: string): Promise<ClientRequest> {
  const sent = request(url, { agent: false }).on('error', () => undefined);
  onTestFinished(() => void sent.destroy());
  const [response] = await once(sent.end(), 'response');
  response.on('error', () => undefined);
  await once(response, 'data');
  return sent;
}

/** Title, status, and whether there is a duration and a server time. */
const rowsOf = (inspector: Inspector) =>
  sorted(
    inspector.hits().map(({ params, status }) => {
      const times = ['gt_ms', 'pf_srv'].filter((name) => name in params);
      return [params.action_name, status, ...times].join(' ');
    }),
  );

test.each<[how: string, preloads: readonly string[], more: Record<string, string>]>([
  ['SIGTERM with tracing', [...TRACED, ...REGISTER], {}],
  ['SIGTERM while a worker thread serves', REGISTER, { IN_THREAD: '1' }],
  ['process.exit()', REGISTER, { EXIT: '1' }],
])(
  'responses that are open when the process ends make page views with their status: %s',
  async (_how, preloads, more) => {
    const { inspector, app } = await startTracked([...preloads, `${APPS}/open-responses.cjs`], {
      ...more,
      MATOMO_SCHEDULE_DELAY: '100',
    });
    for (const path of ['/events', '/half']) await open(app.url + path);
    request(`${app.url}/silent`, { agent: false })
      .on('error', () => undefined)
      .end();
    (await open(`${app.url}/complete`)).destroy();
    await eventually(() => app.tracking() !== undefined && inspector.hits().length === 1);
    await app.stop();
    expect(rowsOf(inspector)).toEqual([
      'GET /complete 499 gt_ms pf_srv',
      'GET /events 203',
      'GET /half 200 gt_ms pf_srv',
    ]);
    expect(app.stderr()).toBe('');
  },
);
