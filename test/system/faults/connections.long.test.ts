import dns from 'node:dns';
import { expect, onTestFinished, test } from 'vitest';
import { setEnvironment } from '../../support/environment.js';
import type { Fault } from '../../support/fault-proxy.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { startTracedService } from '../../support/traced-service.js';
import { type FaultCase, rideOut } from './ride-out.js';

/** The system says the one or the other, as it happens. */
const BROKEN_OFF = /\(ECONNRESET: .*\[no-answer\]/;

/** Matomo is slower than this, where it is to be given up. */
const IMPATIENT = { options: () => ({ exportTimeoutMillis: 1000 }) };

/** It breaks on the wire. */
function onTheWire(kind: Exclude<Fault['kind'], 'answer'>): FaultCase {
  return {
    begin: (_matomo, proxy) => proxy.play({ kind }),
    end: (_matomo, proxy) => proxy.play(),
  };
}

const STALLED: FaultCase = {
  ...IMPATIENT,
  begin: (matomo) => matomo.play({ delayMillis: 600_000 }),
  end: (matomo) => matomo.play(),
};

test('refused', async (context) => {
  await rideOut(context, onTheWire('refuse'), {
    logs: /ECONNREFUSED: .*127\.0\.0\.1:.*\[unreachable\]/,
  });
});

test('refused, then nobody flushes', async (context) => {
  await rideOut(context, { ...onTheWire('refuse'), byItself: true }, { logs: /ECONNREFUSED/ });
});

test('refused until the process ends', async (context) => {
  await rideOut(
    context,
    { ...onTheWire('refuse'), endsFirst: true },
    { lost: ['shutdown'], logs: /\d+ hits.*\[lost-at-shutdown\]/ },
  );
});

const SLOW = /no answer within 1000 ms/;

test.for<[name: string, FaultCase, logs: RegExp, isStored: boolean]>([
  ['reset before the body', onTheWire('reset-before-body'), BROKEN_OFF, false],
  ['reset after the body', onTheWire('reset-after-body'), BROKEN_OFF, false],
  ['reset after Matomo has stored', onTheWire('reset-after-commit'), BROKEN_OFF, true],
  ['half a response', onTheWire('half-response'), BROKEN_OFF, true],
  ['slow loris', { ...onTheWire('slow-loris'), ...IMPATIENT }, SLOW, true],
  ['stall', { ...onTheWire('stall'), ...IMPATIENT }, SLOW, false],
  ['stall of ten minutes after Matomo has stored', STALLED, SLOW, true],
  ['connection closed on keep-alive reuse', onTheWire('reset-on-reuse'), BROKEN_OFF, false],
])('%s', async ([, fault, logs, isStored], context) => {
  await rideOut(context, fault, { lost: ['unconfirmed'], logs, isAllStored: isStored });
});

test('stall after Matomo has stored, with resendUnconfirmed', async (context) => {
  const fault: FaultCase = {
    options: () => ({ ...IMPATIENT.options(), resendUnconfirmed: true }),
    // A bulk is sent again three times at most, and a flush may not be the only attempt of a round.
    begin: (_matomo, proxy) => proxy.play({ kind: 'stall-after-commit', requests: 2 }),
    end: (_matomo, proxy) => proxy.play(),
  };
  await rideOut(context, fault, { logs: /sent again/, mayDuplicate: true, isAllStored: true });
});

test('connection closed after each answer', async (context) => {
  await rideOut(context, { ...onTheWire('close-after-answer'), fromStart: true });
});

test('connection closed after each answer: 200 of 200 hits are tracked', async () => {
  const HITS = 200;
  const proxy = await startFaultProxy();
  await proxy.play({ kind: 'close-after-answer' });
  const service = await startTracedService((_request, response) => void response.end('ok'), {
    url: proxy.url,
    maxExportBatchSize: 10,
  });
  proxy.forwardTo(service.inspector.url);
  await Promise.all(Array.from({ length: HITS }, (_, i) => service.fetch(`/r/${i}`)));
  await service.requests(HITS);
  await service.processor.forceFlush();
  expect(service.processor.stats()).toMatchObject({ tracked: HITS, pending: 0 });
  expect(service.inspector.hits()).toHaveLength(HITS);
  expect(proxy.connections()).toBe(proxy.requests().length);
});

test('no HTTP', async (context) => {
  await rideOut(context, onTheWire('not-http'), {
    lost: ['unconfirmed'],
    logs: /\bHTTP\b.*\[no-answer\]/,
  });
});

test('TLS: nothing is said', async (context) => {
  await rideOut(
    context,
    {
      ...onTheWire('stall-handshake'),
      fromStart: true,
      proxy: { certificate: 'server' },
      options: () => {
        trustEveryone();
        return IMPATIENT.options();
      },
    },
    { logs: /no connection within 1000 ms/ },
  );
});

test('TLS: a self-signed certificate', async (context) => {
  await rideOut(
    context,
    {
      fromStart: true,
      proxy: { certificate: 'self-signed' },
      begin: () => undefined,
      end: trustEveryone,
    },
    { logs: /DEPTH_ZERO_SELF_SIGNED_CERT: .*NODE_EXTRA_CA_CERTS/ },
  );
});

test('DNS failure', async (context) => {
  await rideOut(
    context,
    {
      fromStart: true,
      options: ({ port }) => ({ url: `http://matomo.test:${port}` }),
      begin: () =>
        lookUpMatomo((done) => {
          const hostname = 'matomo.test';
          const error = new Error(`getaddrinfo ENOTFOUND ${hostname}`);
          done(Object.assign(error, { code: 'ENOTFOUND', hostname }));
        }),
      end: () => lookUpMatomo((done) => done(null, [{ address: '127.0.0.1', family: 4 }])),
    },
    { logs: /ENOTFOUND: .*matomo\.test/ },
  );
});

type Done = (error: Error | null, addresses?: { address: string; family: number }[]) => void;

/** Resolves `matomo.test` like this, and other names as usual. */
function lookUpMatomo(answer: (done: Done) => void): void {
  const { lookup } = dns;
  onTestFinished(() => {
    dns.lookup = lookup;
  });
  dns.lookup = ((name: string, ...rest: [unknown, Done]) =>
    name === 'matomo.test' ? answer(rest[1]) : lookup(name, ...(rest as [never, never]))) as never;
}

/** Node.js reads the variable when it connects. A certificate authority can only be given to a process when it starts. */
function trustEveryone(): void {
  setEnvironment({ NODE_TLS_REJECT_UNAUTHORIZED: '0' });
}
