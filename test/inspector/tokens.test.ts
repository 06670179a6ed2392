// The recorded corpora have no lock-out: it takes more than 20 requests.
import { expect, test } from 'vitest';
import { hit, NOW, sendBulk, start } from './inspector-client.js';

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
