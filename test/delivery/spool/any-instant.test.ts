import { readdirSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { LogLines } from '../../../src/common/log-lines.js';
import { Delivery } from '../../../src/delivery/delivery.js';
import type { DeliveryLimits } from '../../../src/delivery/delivery-limits.js';
import { openSpool } from '../../../src/delivery/spool/backends.js';
import { prepareSpool } from '../../contracts/doors/spool-store.js';
import { eventually } from '../../support/child-process.js';
import { DEFAULT_OPTIONS } from '../../support/default-options.js';
import { pending } from '../../support/delivery.js';
import { silentDiagnostics } from '../../support/diagnostics.js';
import { startRedis } from '../../support/redis-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { answer, createTransport, processed } from '../../support/transport.js';

/** A delivery with a spool, whose limits a test replaces. */
function openDelivery(
  place: string,
  replaced: Partial<DeliveryLimits>,
  transport = createTransport(),
) {
  const lines = new LogLines(() => undefined);
  onTestFinished(() => lines.flush());
  const { options } = prepareSpool({ place, limits: replaced });
  return new Delivery({
    options: { ...DEFAULT_OPTIONS, maxExportBatchSize: 7 },
    transport,
    diagnostics: silentDiagnostics(),
    ...{ lines, limits: options.limits },
    openSpool: (counts) => openSpool({ ...options, counts }, lines),
  });
}

test('the file of a claim is renamed before each request', async () => {
  const place = temporaryFolder();
  const name = () => readdirSync(place).find((each) => each.endsWith('.sending')) ?? '';
  const names: string[] = [];
  /** Resolves once the name is another one, and any later one would be, too. */
  const renamed = async () => {
    await eventually(() => name() !== '' && !names.includes(name()));
    names.push(name());
    await eventually(() => Date.now() > Number(/\.(\d+)\.sending$/.exec(name())?.[1]));
  };
  const tracked = async (sent: number) => {
    await renamed();
    return processed(sent);
  };
  const tooLarge = async () => {
    await renamed();
    return answer(413);
  };
  const delivery = openDelivery(place, {}, createTransport(tooLarge, tracked, tracked));
  onTestFinished(() => delivery.shutdown(1_000));
  await delivery.opened;
  for (let i = 0; i < 2; i++) delivery.put(pending());
  await eventually(() => delivery.counts.tracked === 2);
  expect(names).toHaveLength(3);
});

test('a Redis that hangs does not keep a shutdown waiting', async () => {
  const redis = await startRedis();
  const hour = 3_600_000;
  const delivery = openDelivery(redis.url, { operationMillis: hour, closeMillis: 50 });
  await delivery.opened;
  redis.signal('SIGSTOP');
  delivery.put(pending());
  await delivery.shutdown(50);
  expect(delivery.counts.lost).toMatchObject({ shutdown: 1 });
  redis.signal('SIGCONT');
});

test('a Redis that is found after the shutdown is left again', async () => {
  const redis = await startRedis();
  redis.signal('SIGSTOP');
  const delivery = openDelivery(redis.url, { closeMillis: 1 });
  await delivery.shutdown(1);
  expect(delivery.isOpening).toBe(true);
  redis.signal('SIGCONT');
  await delivery.opened;
  const clients = async () =>
    String(await redis.command('CLIENT', 'LIST'))
      .trim()
      .split('\n');
  await eventually(async () => (await clients()).length === 1); // the one that asks
  expect(delivery.spool?.isUsable).toBe(false);
});
