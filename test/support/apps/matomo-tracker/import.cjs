// Sends hits of the past, in portions.
const { start, trackHit } = require('opentelemetry-matomo');

const matomo = start();

async function importVisits(rows) {
  for (const [i, { time, user, path, address }] of rows.entries()) {
    const url = `https://shop.example${path}`;
    trackHit({ action_name: path, url, uid: user, cip: address, cdt: time });
    if (i % 1000 === 999) await matomo.forceFlush(); // the queue has room for 10,000
  }
  await matomo.forceFlush();
  console.log(matomo.stats());
}

const time = process.env.TIME;
const of = (path) => ({ time, user: 'ann', path, address: '203.0.113.7' });
void importVisits([of('/old'), of('/older')]).then(() => matomo.shutdown());
