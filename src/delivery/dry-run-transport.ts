import type { Exchange, Transport } from './transport.js';

/** Shows hits and sends nothing. They end as `accepted`, as with a queue that does not say what it does with them. */
export function createDryRunTransport(print: (line: string) => void): Transport {
  function sendSync(body: Buffer): Exchange {
    const { requests } = JSON.parse(body.toString('latin1')) as { requests: string[] };
    for (const query of requests) print(`dry run: ${decodeURIComponent(query)}`);
    const nothing = { contentType: '', body: '', location: undefined, retryAfter: undefined };
    return { kind: 'answer', status: 204, ...nothing };
  }
  return { sendSync, send: async (body) => sendSync(body), async close() {} };
}
