import { expect, test } from 'vitest';
import type { PlayedAnswer } from '../../../src/inspector/index.js';
import { hit, sendBulk, start } from '../inspector-client.js';

interface Seen {
  status: number;
  type: string | null;
  body: string;
  hits: number;
}

async function play(answer: PlayedAnswer): Promise<Seen> {
  const inspector = await start();
  inspector.play(answer);
  const response = await sendBulk(inspector, [hit()]);
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: await response.text(),
    hits: inspector.hits().length,
  };
}

const OWN = '{"status":"success","tracked":1,"invalid":0}';

test.each<[string, PlayedAnswer, Seen]>([
  [
    'a dead gateway',
    { status: 502, body: '<h1>Bad Gateway</h1>' },
    { status: 502, type: 'text/html', body: '<h1>Bad Gateway</h1>', hits: 0 },
  ],
  [
    'a gateway that gives up, and Matomo goes on',
    { status: 504, body: '', store: true },
    { status: 504, type: 'application/json', body: '', hits: 1 },
  ],
  [
    'QueuedTracking',
    { contentType: 'image/gif', body: 'GIF89a', store: true },
    { status: 200, type: 'image/gif', body: 'GIF89a', hits: 1 },
  ],
  ['PHP that died', { status: 500 }, { status: 500, type: 'text/html', body: '', hits: 0 }],
  [
    'a Matomo that is only slow',
    { delayMillis: 5 },
    { status: 200, type: 'application/json', body: OWN, hits: 1 },
  ],
])('plays %s', async (_, answer, seen) => {
  expect(await play(answer)).toEqual(seen);
});

test.each<[PlayedAnswer, number]>([
  [{ disconnect: 'before' }, 0],
  [{ disconnect: 'after-request' }, 0],
  [{ disconnect: 'after-request', store: true }, 1],
  [{ disconnect: 'mid-response' }, 0],
  [{ disconnect: 'mid-response', store: true }, 1],
])('plays a lost connection: %j', async (answer, hits) => {
  const inspector = await start();
  inspector.play(answer);
  const sent = sendBulk(inspector, [hit()]).then((response) => response.text());
  await expect(sent).rejects.toThrow();
  expect(inspector.hits()).toHaveLength(hits);
});

test('plays headers, so many times, then answers itself again', async () => {
  const inspector = await start();
  inspector.play({ status: 503, headers: { 'Retry-After': '1' }, times: 2 });
  const statuses: [number, string | null][] = [];
  for (let i = 0; i < 3; i++) {
    const { status, headers } = await sendBulk(inspector, [hit()]);
    statuses.push([status, headers.get('retry-after')]);
  }
  expect(statuses).toEqual([
    [503, '1'],
    [503, '1'],
    [200, null],
  ]);
  expect(inspector.hits()).toHaveLength(1);
});

test('plays until it is told to stop, and leaves /hits alone', async () => {
  const inspector = await start();
  inspector.play({ status: 429 });
  for (let i = 0; i < 3; i++) expect((await sendBulk(inspector, [hit()])).status).toBe(429);
  expect((await fetch(`${inspector.url}/hits`)).status).toBe(200);
  inspector.play();
  expect((await sendBulk(inspector, [hit()])).status).toBe(200);
});
