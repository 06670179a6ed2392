// The least that a processor can do which delivers: one ready-made hit for every server span, in bulks through undici.

import { createPoster } from './poster.mjs';
import { toBody } from './ready-made.mjs';

const SERVER = 1; // SpanKind.SERVER
const BULK = 100;
const FULL = toBody(BULK);

export function createFloor(url) {
  const post = createPoster(url);
  let waiting = 0;
  let sending;

  async function send() {
    while (waiting >= BULK) {
      waiting -= BULK;
      await post(FULL);
    }
    sending = undefined;
  }

  return {
    onStart() {},
    onEnd(span) {
      if (span.kind !== SERVER) return;
      waiting += 1;
      if (waiting >= BULK) sending ??= send();
    },
    async forceFlush() {
      await sending;
      if (waiting > 0) await post(toBody(waiting));
      waiting = 0;
    },
    shutdown: async () => {},
  };
}
