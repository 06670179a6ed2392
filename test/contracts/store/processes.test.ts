import { describe, expect, test } from 'vitest';
import { SPOOL_PLACES } from '../../support/redis-server.js';
import { sorted } from '../../support/sorted.js';
import {
  allArrive,
  killAtRandom,
  names,
  openSite,
  tracked,
  UNAVAILABLE,
  until,
} from './support.js';

describe.each(SPOOL_PLACES)('processes that share %s', (_where, open) => {
  test.each([
    ['two processes', {}],
    ['two containers, which each have a process 1,', { PID: '1' }],
  ])('each hit of %s arrives once', async (_name, env) => {
    const { matomo, start } = await openSite(await open());
    const [one, two] = [start(env), start(env)];
    const put = [names('one', 130), names('two', 130)] as const;
    await Promise.all([one.put(...put[0]), two.put(...put[1])]);
    await allArrive(matomo, put.flat());
    for (const process of [one, two]) await until(process, ({ pending }) => pending === 0);
    expect(tracked(matomo)).toEqual(sorted(put.flat()));
  });

  test('what one could not send during its life is sent by others, once, that start together', async () => {
    const { matomo, start } = await openSite(await open());
    matomo.play(UNAVAILABLE);
    const first = start();
    const put = names('left', 130);
    await first.put(...put);
    const waiting = await until(first, ({ spooled }) => spooled === put.length);
    expect(waiting).toMatchObject({ put: 130, pending: 0, tracked: 0, lost: 0 });
    await first.shutdown();
    matomo.play({});
    const others = [start(), start()];
    await allArrive(matomo, put);
    const counts = [];
    for (const other of others) counts.push(await until(other, ({ pending }) => pending === 0));
    expect(counts.reduce((sum, { claimed }) => sum + claimed, 0)).toBe(130);
    expect(counts.reduce((sum, one) => sum + one.tracked, 0)).toBe(130);
    expect(tracked(matomo)).toEqual(sorted(put));
  });

  test('a kill at a random moment loses nothing that was stored, and repeats at most what was in flight', async () => {
    await killAtRandom(await open(), 1, 2);
  });
});
