import { expect, test } from 'vitest';
import { createLastingStore } from '../doors/lasting-store.js';
import { openSender } from '../doors/send.js';
import { MINUTE, namesOf, putAll, ROLLED_BACK, SECOND, tracked } from './support.js';

const HITS = 10_000;
const MINUTES_OF_12_HOURS = 720;

test('500 for everything for 12 h with 10,000 hits queued, in a process that restarts each minute', async () => {
  const store = createLastingStore();
  let isDown = true;
  const start = () =>
    openSender({
      spool: store.spool,
      options: { tokenAuth: 't' },
      answers: (request) => (isDown ? ROLLED_BACK : tracked(request)),
    });

  /** Resolves with the number of requests. */
  async function runForAMinute(sender = start()): Promise<number> {
    await sender.advance(MINUTE - SECOND);
    void sender.shutdown(SECOND);
    await sender.advance(SECOND);
    expect(Object.values(sender.counts().lost).every((hits) => hits === 0)).toBe(true);
    return sender.requests().length;
  }

  const first = start();
  putAll(first, namesOf('a', HITS));
  await runForAMinute(first);
  for (let minute = 1; minute < MINUTES_OF_12_HOURS; minute++) {
    // Ten until the server is the cause, those of the back-off, and a last one.
    expect(await runForAMinute()).toBeLessThanOrEqual(20);
    expect(store.waiting).toBe(HITS);
  }
  isDown = false;
  await runForAMinute();
  expect(store).toMatchObject({ tracked: HITS, waiting: 0 });
});
