import { test } from 'vitest';
import type { Fault } from '../../support/fault-proxy.js';
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

test('no HTTP', async (context) => {
  await rideOut(context, onTheWire('not-http'), {
    lost: ['unconfirmed'],
    logs: /\bHTTP\b.*\[no-answer\]/,
  });
});
