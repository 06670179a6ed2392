import { expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { startColumn } from '../doors/capture.js';
import { get } from './scenario.js';

test.each(['processor', 'start'] as const)(
  'what can no longer be read is lost, counted and logged, and nothing else fails (%s)',
  async (tracing) => {
    const column = await startColumn({
      protocol: '1.1',
      framework: 'node',
      tracing,
      routes: [
        { route: '/unreadable', handler: 'breaks its headers, and binds an event' },
        { route: '/late', handler: 'calls what was bound' },
        { route: '/open', handler: 'tracks an event, breaks its headers, and waits' },
        { route: '/answer', handler: 'answers what cannot be read' },
      ],
    });
    const untilLost = (count: number) =>
      eventually(async () => (await column.askStats()).lost.rejected === count);
    await column.send(get('/unreadable'));
    await untilLost(1);
    await column.send(get('/late'));
    const open = column.send(get('/open'));
    await untilLost(2); // its event, which does not wait for the response
    await column.send(get('/answer'));
    await open;
    const hits = await column.stop();
    expect(hits.map(({ hit }) => hit)).toEqual(['GET /late 200', 'GET /answer 200']);
    expect(column.stats()).toMatchObject({
      hits: 5,
      tracked: 2,
      pending: 0,
      lost: { rejected: 3 },
    });
    expect(column.logged()).toEqual(expect.arrayContaining(['internal-error', 'request-unknown']));
  },
);
