// The recorded corpora have no lock-out: it takes more than 20 requests.
import { expect, test } from 'vitest';
import { hit, NOW, sendBulk, start } from './inspector-client.js';

const NEEDS_TOKEN = hit({ cip: '192.0.2.1' });

test('more than 20 requests with a wrong token lock the super user out for an hour, not the write user', async () => {
  let now = NOW * 1000;
  const tokens = { write: 'write', super: 'super' } as const;
  const inspector = await start({ clock: () => now, tokens });
  const statusOf = async (token?: string) =>
    (await sendBulk(inspector, [NEEDS_TOKEN, hit()], { ...(token && { token }) })).status;
  for (let i = 0; i < 20; i++) await sendBulk(inspector, [NEEDS_TOKEN], { token: 'wrong' });
  expect(await statusOf('super')).toBe(200);
  await sendBulk(inspector, [NEEDS_TOKEN, NEEDS_TOKEN], { token: 'wrong' });
  expect([await statusOf('super'), await statusOf('write'), await statusOf()]).toEqual([
    500, 200, 200,
  ]);
  const single = await fetch(`${inspector.url}/matomo.php${NEEDS_TOKEN}&token_auth=super&ua=x`);
  expect(single.status).toBe(400);
  now += 3_600_001;
  expect(await statusOf('super')).toBe(200);
});

test.each([
  ['a view user counts', [NEEDS_TOKEN], 'view', 500],
  ['a site without access counts', [hit({ idsite: '3', cip: '192.0.2.1' })], 'write', 500],
  ['a wrong token that is not needed does not', [hit()], 'wrong', 200],
  ['cip without a token does not', [NEEDS_TOKEN], '', 200],
])('lock-out: %s, and is forgotten with the hits', async (_, hits, token, status) => {
  const inspector = await start();
  const statusOfSuper = async () =>
    (await sendBulk(inspector, [NEEDS_TOKEN], { token: 'super' })).status;
  for (let i = 0; i < 21; i++) await sendBulk(inspector, hits, { token });
  expect(await statusOfSuper()).toBe(status);
  inspector.clear();
  expect(await statusOfSuper()).toBe(200);
});

test('without tokens any token may write, none may not', async () => {
  const inspector = await start({});
  await sendBulk(inspector, [NEEDS_TOKEN], { token: 'anything' });
  await sendBulk(inspector, [NEEDS_TOKEN]);
  expect(inspector.hits()).toMatchObject([{ verdict: 'tracked' }, { verdict: 'invalid' }]);
});
