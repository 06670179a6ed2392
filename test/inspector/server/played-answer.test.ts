import { expect, test } from 'vitest';
import type { PlayedAnswer } from '../../../src/inspector/index.js';
import { hit, sendBulk, start } from '../inspector-client.js';

const OWN = '{"status":"success","tracked":1,"invalid":0}';
const PAGE = '<h1>Bad Gateway</h1>';

test.each<[PlayedAnswer, answer: readonly unknown[], hits: number]>([
  [{ status: 502, body: PAGE }, [502, 'text/html', PAGE], 0],
  [{ status: 504, body: '', store: true }, [504, 'application/json', ''], 1],
  [{ contentType: 'image/gif', body: 'GIF', store: true }, [200, 'image/gif', 'GIF'], 1],
  [{ status: 500 }, [500, 'text/html', ''], 0],
  [{ delayMillis: 5 }, [200, 'application/json', OWN], 1],
])('plays %j', async (played, answer, hits) => {
  const inspector = await start();
  inspector.play(played);
  const response = await sendBulk(inspector, [hit()]);
  const { status, headers } = response;
  expect([status, headers.get('content-type'), await response.text()]).toEqual(answer);
  expect(inspector.hits()).toHaveLength(hits);
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

test('plays headers, so many times or until it is told to stop, and leaves /hits alone', async () => {
  const inspector = await start();
  const send = async () => {
    const { status, headers } = await sendBulk(inspector, [hit()]);
    return [status, headers.get('retry-after')];
  };
  inspector.play({ status: 503, headers: { 'Retry-After': '1' }, times: 2 });
  expect([await send(), await send(), await send()]).toEqual([
    [503, '1'],
    [503, '1'],
    [200, null],
  ]);
  expect(inspector.hits()).toHaveLength(1);
  inspector.play({ status: 429 });
  for (let i = 0; i < 3; i++) expect(await send()).toEqual([429, null]);
  expect((await fetch(`${inspector.url}/hits`)).status).toBe(200);
  inspector.play();
  expect(await send()).toEqual([200, null]);
});
