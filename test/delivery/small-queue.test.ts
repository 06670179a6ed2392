import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { get, startRegistered, titles } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';

test('a queue that holds fewer hits than a bulk usually has is sent before it is full', async () => {
  const { inspector, app } = await startRegistered('ends.cjs', {
    MATOMO_MAX_QUEUE_SIZE: '50',
    MATOMO_SCHEDULE_DELAY: '60000',
  });
  const paths = Array.from({ length: 50 }, (_, i) => `/${i}x`);
  for (const path of paths) await get(app.url + path);
  await eventually(() => inspector.hits().length === 50);
  expect(sorted(titles(inspector))).toEqual(sorted(paths.map((path) => `GET ${path}`)));
  expect(app.stderr()).toBe('');
});

test('the last place of a queue is enough for a hit to be sent', async () => {
  const { inspector, app } = await startRegistered('ends.cjs', {
    MATOMO_MAX_QUEUE_SIZE: '1',
    MATOMO_SCHEDULE_DELAY: '60000',
  });
  await get(`${app.url}/a`);
  await eventually(() => inspector.hits().length === 1);
});
