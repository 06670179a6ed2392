import { expect, test } from 'vitest';
import { hit, inspect, NOW, sendBulk, start } from './inspector-client.js';

const MIDNIGHT = NOW - (NOW % 86_400);

test.each(['cip', 'country', 'region', 'city', 'lat', 'long'])(
  '%s needs a token; empty it is not looked at',
  async (name) => {
    const value = name === 'cip' ? '192.0.2.1' : '5';
    expect(await inspect({ [name]: value })).toMatchObject({ verdict: 'invalid' });
    expect(await inspect({ [name]: '' })).toMatchObject({ verdict: 'tracked' });
    expect(await inspect({ [name]: value }, { token: 'write' })).toMatchObject({
      verdict: 'tracked',
    });
    expect(await inspect({ [name]: value }, { token: 'view' })).toMatchObject({
      verdict: 'invalid',
    });
  },
);

test.each(['uid', '_id', 'new_visit', 'lang', 'ua', 'bots'])('%s needs no token', async (name) => {
  expect(await inspect({ [name]: '1' })).toMatchObject({ verdict: 'tracked' });
});

test.each(['192.0.2.1:80', '192.0.2.1, 10.0.0.1', 'garbage', '2001:db8::1'])(
  'cip=%s is accepted with a token',
  async (cip) => {
    expect(await inspect({ cip }, { token: 'write' })).toMatchObject({ verdict: 'tracked' });
  },
);

test.each<[string, Record<string, string>, number]>([
  ['unix seconds', { cdt: `${NOW - 60}` }, NOW - 60],
  ['a float is cut to seconds', { cdt: `${NOW - 60}.75` }, NOW - 60],
  ['spaces around', { cdt: ` ${NOW - 60} ` }, NOW - 60],
  ['a date and time is UTC', { cdt: '2026-11-20 07:05:40' }, NOW - 60],
  ['ISO with Z', { cdt: '2026-11-20T07:05:40Z' }, NOW - 60],
  ['ISO with milliseconds', { cdt: '2026-11-20T07:05:40.250Z' }, NOW - 60],
  ['ISO with an offset', { cdt: '2026-11-20T09:05:40+02:00' }, NOW - 60],
  ['-2 hours', { cdt: '-2 hours' }, NOW - 7200],
  ['1 hour ago', { cdt: '1 hour ago' }, NOW - 3600],
  ['a bare date is its midnight', { cdt: '2026-11-20' }, MIDNIGHT],
  ['a time of today', { cdt: '07:00' }, MIDNIGHT + 7 * 3600],
  ['milliseconds are ignored', { cdt: `${NOW - 60}000` }, NOW],
  ['two seconds in the future are ignored', { cdt: `${NOW + 2}` }, NOW],
  ['a time of tonight is ignored', { cdt: '12:00' }, NOW],
  ['garbage is ignored', { cdt: 'abc' }, NOW],
  ['0 is ignored', { cdt: '0' }, NOW],
  ['hexadecimal is ignored', { cdt: '0x6afff14a' }, NOW],
  ['2^63 - 1 is ignored', { cdt: '9223372036854775807' }, NOW],
  ['86,390 s without a token', { cdt: `${NOW - 86_390}` }, NOW - 86_390],
  ['cdo is subtracted from now', { cdo: '60' }, NOW - 60],
  ['the sign of cdo is ignored', { cdo: '-60' }, NOW - 60],
  ['cdo is subtracted from cdt', { cdt: `${NOW - 60}`, cdo: '60' }, NOW - 120],
  ['a cdo with decimals is ignored', { cdo: '1.5' }, NOW],
  ['a cdo beyond 20 years is ignored', { cdo: '9999999999' }, NOW],
])('time: %s', async (_, parameters, time) => {
  expect((await inspect(parameters)).stored?.server_time).toBe(time);
});

test.each<[string, Record<string, string>]>([
  ['cdt', { cdt: `${NOW - 86_400}` }],
  ['cdo', { cdo: '86400' }],
  ['cdt and cdo together', { cdt: `${NOW - 86_000}`, cdo: '1000' }],
  ['yesterday', { cdt: 'yesterday' }],
])('a day back by %s needs a token', async (_, parameters) => {
  expect(await inspect(parameters)).toMatchObject({ verdict: 'invalid' });
  expect(await inspect(parameters, { token: 'write' })).toMatchObject({ verdict: 'tracked' });
});

test.each([
  [10, NOW - 10 * 31_536_000],
  [21, NOW],
])('%d years back with a token', async (years, time) => {
  const cdt = `${NOW - years * 31_536_000}`;
  expect((await inspect({ cdt }, { token: 'write' })).stored?.server_time).toBe(time);
});

test('a cdt beyond 64 bits fails before the token is looked at', async () => {
  expect(await inspect({ cdt: '99999999999999999999', cip: '192.0.2.1' })).toMatchObject({
    verdict: 'refused',
  });
});

const NEEDS_TOKEN = hit({ cip: '192.0.2.1' });

test('more than 20 requests with a wrong token lock the super user out, not the write user', async () => {
  const inspector = await start();
  for (let i = 0; i < 21; i++)
    await sendBulk(inspector, [NEEDS_TOKEN, NEEDS_TOKEN], { token: 'wrong' });
  const locked = await sendBulk(inspector, [NEEDS_TOKEN], { token: 'super' });
  expect(locked.status).toBe(500);
  const single = await fetch(`${inspector.url}/matomo.php${NEEDS_TOKEN}&token_auth=super&ua=x`);
  expect(single.status).toBe(400);
  const writing = await sendBulk(inspector, [NEEDS_TOKEN, hit()], { token: 'write' });
  expect(await writing.json()).toMatchObject({ tracked: 2 });
  expect(await (await sendBulk(inspector, [hit()])).json()).toMatchObject({ tracked: 1 });
  inspector.clear();
  expect((await sendBulk(inspector, [NEEDS_TOKEN], { token: 'super' })).status).toBe(200);
});

test.each([
  ['a view user counts', [NEEDS_TOKEN], 'view', 500],
  ['a site without access counts', [hit({ idsite: '3', cip: '192.0.2.1' })], 'write', 500],
  ['a wrong token that is not needed does not', [hit()], 'wrong', 200],
  ['cip without a token does not', [NEEDS_TOKEN], '', 200],
])('lock-out: %s', async (_, hits, token, status) => {
  const inspector = await start();
  for (let i = 0; i < 21; i++) await sendBulk(inspector, hits, { token });
  expect((await sendBulk(inspector, [NEEDS_TOKEN], { token: 'super' })).status).toBe(status);
});

test('a lock-out ends after an hour, and 20 failures are none', async () => {
  let now = NOW * 1000;
  const inspector = await start({ clock: () => now, tokens: { super: 'super' } });
  const isLocked = async (): Promise<boolean> =>
    (await sendBulk(inspector, [NEEDS_TOKEN], { token: 'super' })).status === 500;
  for (let i = 0; i < 20; i++) await sendBulk(inspector, [NEEDS_TOKEN], { token: 'wrong' });
  expect(await isLocked()).toBe(false);
  await sendBulk(inspector, [NEEDS_TOKEN], { token: 'wrong' });
  expect(await isLocked()).toBe(true);
  now += 3_600_001;
  expect(await isLocked()).toBe(false);
});

test('without tokens any token may write, none may not', async () => {
  const inspector = await start({});
  await sendBulk(inspector, [NEEDS_TOKEN], { token: 'anything' });
  await sendBulk(inspector, [NEEDS_TOKEN]);
  expect(inspector.hits()).toMatchObject([{ verdict: 'tracked' }, { verdict: 'invalid' }]);
});
