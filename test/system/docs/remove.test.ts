import { expect, test } from 'vitest';
import { collectExtras, EXTRAS, WEEKLY_REPORT } from '../../../src/cli/setup/wanted.js';
import { eventually } from '../../support/child-process.js';
import { startRedis } from '../../support/redis-server.js';
import { notSent } from '../../support/scripted-transport.js';
import { sorted } from '../../support/sorted.js';
import { spooledDelivery } from '../../support/spool.js';
import { read } from './pages.js';

const PAGE = read('docs/remove.md');

test('the page names everything that setup may have created', () => {
  const { dimensions, segments } = collectExtras(Object.keys(EXTRAS));
  const names = [...[...dimensions, ...segments].map(({ name }) => name), WEEKLY_REPORT];
  expect(names.filter((name) => !PAGE.includes(`"${name}"`))).toEqual([]);
});

test('the pattern for Redis finds all keys of a spool, and no others', async () => {
  const [, pattern = ''] = /--scan --pattern '(\S+)'/.exec(PAGE) ?? [];
  const { url, command } = await startRedis();
  await command('SET', 'another', '1');
  const { delivery, transport, push } = spooledDelivery({ folder: url });
  transport.answer(notSent);
  push('a', 'b', 'c');
  await eventually(() => delivery.spooled === 3);
  const keys = async (text: string) => sorted((await command('KEYS', text)) as string[]).join();
  expect(await keys(pattern)).toContain('matomo-spool:hits:');
  expect(`another,${await keys(pattern)}`).toBe(await keys('*'));
});
