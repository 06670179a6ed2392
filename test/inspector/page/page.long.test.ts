import { expect, test } from 'vitest';
import { sendBulk } from '../inspector-client.js';
import { listed, sendSome, titles, useBrowser, view } from './browser.js';

const open = useBrowser();

test('the page says what to do before the first hit, and shows hits as they come', async () => {
  const { page, inspector, errors } = await open();
  const empty = page.getByRole('region', { name: 'No hits yet' });
  expect(await empty.innerText()).toContain(`MATOMO_URL=${inspector.url} MATOMO_SITE_ID=1`);
  await sendSome(inspector);
  await listed(page, 7);
  expect(await empty.isVisible()).toBe(false);
  await page.getByRole('button', { name: '5 tracked' }).waitFor();
  await sendBulk(inspector, [view('GET /late', 200)]);
  await listed(page, 8);
  expect((await titles(page))[0]).toBe('GET /late');
  expect(errors).toEqual([]);
});

test('the page shows what was sent of a hit, what Matomo stores, and what it drops and why', async () => {
  const { page, inspector } = await open({ inspector: { customVariables: true } });
  const url = 'https://a.test/a?x=1#top';
  const more = { url, dimension9: 'x', cip: '192.0.2.1', token_auth: 'T' };
  const document = { download: 'https://a.test/f.pdf', recMode: '1', ua: 'ChatGPT-User/1.0' };
  await sendBulk(inspector, [view('GET /a', 200, more), view('GET /f', 200, document)]);
  await sendBulk(inspector, [view('GET /b', 200, { idsite: '0' })]);
  async function read(name: string) {
    await page.locator('#hits').getByRole('button', { name }).click();
    const detail = page.getByRole('region', { name });
    const [stored = '', sent = ''] = await detail.locator('tbody').allInnerTexts();
    return { detail: await detail.innerText(), stored: stored.replaceAll(/\s+/g, ' '), sent };
  }
  const viewed = await read('GET /a');
  expect(viewed.stored).toMatch(
    /^type page title GET \/a URL https:\/\/a\.test\/a\?x=1 visitor 0123456789abcdef time 20/,
  );
  expect(viewed.sent).toMatch(/^pf_srv\s+12\s*$/m);
  expect(viewed.sent).toMatch(/^dimension9\s+x\s+dropped: .*no such dimension/m);
  expect(viewed.sent.match(/dropped: /g)).toHaveLength(1);
  expect(viewed.sent).not.toMatch(/^token_auth\s+T\s/m);
  const chatbot = await read('https://a.test/f.pdf');
  expect(chatbot.stored).toMatch(/^type download title – URL https.*f.pdf visitor ChatGPT-User/);
  expect(chatbot.detail).toContain('ai_chatbot');
  const invalid = await read('GET /b');
  expect(invalid.detail).toMatch(/invalid\s+idsite: there is no such site/);
  expect(invalid.stored).toMatch(/^type nothing title – URL – /);
});

test('the page filters by words, fields and clicks', async () => {
  const { page, inspector } = await open();
  await sendSome(inspector);
  await listed(page, 7);
  const filter = page.getByRole('searchbox');
  for (const [text, count] of [
    ['status:200 users', 2],
    ['http://nothing', 0],
    ['', 7],
  ] as const) {
    await filter.fill(text);
    await listed(page, count);
  }
  const failed = page.getByRole('button', { name: '1 5xx' });
  await failed.click();
  await listed(page, 1);
  expect(await filter.inputValue()).toBe('status:5xx');
  await sendSome(inspector);
  await listed(page, 2);
  await page.getByRole('button', { name: '2 5xx' }).click();
  await listed(page, 14);
  const dropped = page.getByRole('button', { name: '2 dropped' });
  await dropped.click();
  await listed(page, 2);
  expect(await dropped.getAttribute('aria-pressed')).toBe('true');
});

test('the page clears all hits, here and in the inspector, also when somebody else does', async () => {
  const { page, inspector } = await open();
  await sendSome(inspector);
  await listed(page, 7);
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByRole('heading', { name: 'No hits yet' }).waitFor();
  expect(inspector.hits()).toEqual([]);
  expect(await page.getByRole('status').textContent()).toContain('cleared');
  await sendSome(inspector);
  await listed(page, 7);
  inspector.clear();
  await page.getByRole('heading', { name: 'No hits yet' }).waitFor();
});

test('the page says that the connection is lost, until it is there again', async () => {
  const { page } = await open();
  const announcement = () => page.locator('#announcer').textContent();
  await page.context().setOffline(true);
  await expect.poll(announcement).toContain('lost');
  await page.context().setOffline(false);
  await expect.poll(announcement).toBe('');
});
