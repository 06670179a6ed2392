import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';

const CONNECTIONS = 50;
const TICK_MILLIS = 1;

/** Microseconds from each request to the end of its answer, sorted: `rate` requests a second, whatever the server does. */
export async function measureLatency(url, { rate, seconds }) {
  const pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1 });
  const micros = [];
  const answers = [];
  try {
    const begun = performance.now();
    for (let sent = 0; sent < rate * seconds; ) {
      const due = Math.min(rate * seconds, ((performance.now() - begun) / 1000) * rate);
      for (; sent < due; sent++)
        answers.push(request(pool, sent).then((took) => micros.push(took)));
      await sleep(TICK_MILLIS);
    }
    await Promise.all(answers);
  } finally {
    await pool.close();
  }
  return micros.sort((a, b) => a - b);
}

/** The value that a share of all sorted values is not above. */
export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

async function request(pool, number) {
  const begun = performance.now();
  const { statusCode, body } = await pool.request({
    method: 'GET',
    path: `/users/${number % 1000}`,
    headers: {
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    },
  });
  await body.dump();
  if (statusCode !== 200) throw new Error(`a request was answered with ${statusCode}`);
  return (performance.now() - begun) * 1000;
}
