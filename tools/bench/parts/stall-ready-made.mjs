// The longest time that the event loop stands still while a ready-made bulk of 100 hits is sent with undici:
// `stall-ready-made.mjs <url of the sink>`. Sends microseconds of each of many bulks, sorted.
import { setTimeout as sleep } from 'node:timers/promises';
import { longestTurn } from './longest-turn.mjs';
import { createPoster } from './poster.mjs';
import { toBody } from './ready-made.mjs';

const BULK = 100;
const WARM_UP_BULKS = 1000;
const BULKS = 300;
/** As long as nothing happens between two bulks of the package. */
const PAUSE_MILLIS = 16;

const post = createPoster(process.argv[2]);
const body = toBody(BULK);
for (let i = 0; i < WARM_UP_BULKS; i++) await post(body);
const longest = [];
for (let i = 0; i < BULKS; i++) {
  await sleep(PAUSE_MILLIS);
  let isSent = false;
  void post(body).then(() => {
    isSent = true;
  });
  longest.push(await longestTurn(() => isSent));
}
process.on('disconnect', () => process.exit());
process.send({ longest: longest.sort((a, b) => a - b) });
