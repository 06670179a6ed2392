import { expect, test } from 'vitest';
import { MatomoSpanProcessor } from '../../src/index.js';
import { internalsOf } from '../../src/requests/processor-internals.js';

const EVENTS = ['exit', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'];

test.for([{}, { exitFlush: true }, { exitFlush: false }])(
  'after a shutdown that has left nothing, no end is watched any more: %o',
  async (options) => {
    const listeners = () => EVENTS.map((name) => process.listenerCount(name));
    const before = listeners();
    const start = () =>
      new MatomoSpanProcessor({ url: 'http://127.0.0.1:9', siteId: 1, ...options });
    const [processor, late] = [start(), start()];
    internalsOf(processor)?.flushAtEnd();
    expect(listeners()).toEqual(before.map((count) => count + 1));
    await Promise.all([processor.shutdown(), late.shutdown()]);
    expect(listeners()).toEqual(before);
    for (const each of [processor, late]) internalsOf(each)?.flushAtEnd();
    expect(listeners()).toEqual(before);
  },
);
