import { setTimeout as wait } from 'node:timers/promises';
import autocannon from 'autocannon';

const CONNECTIONS = 50;

/**
 * A load of `rate` requests a second; resolves with how many were answered. autocannon lets each connection make its requests
 * of a second as fast as it can and then rest: the connections begin one after the other, so that somebody always works.
 */
export async function steadyLoad(url, amount, rate) {
  const share = Math.round(amount / CONNECTIONS);
  const runs = Array.from({ length: CONNECTIONS }, async (_, i) => {
    await wait((i * 1000) / CONNECTIONS);
    return autocannon({ url, amount: share, connections: 1, overallRate: rate / CONNECTIONS });
  });
  const results = await Promise.all(runs);
  return results.reduce((sum, result) => sum + result['2xx'], 0);
}

/** Requests that such a load can be made of: about so many. */
export function divisible(amount) {
  return Math.ceil(amount / CONNECTIONS) * CONNECTIONS;
}
