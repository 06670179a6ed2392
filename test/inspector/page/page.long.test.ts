import { expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { sendBulk } from '../inspector-client.js';
import { announced, listed, sendSome, titles, useBrowser, view } from './browser.js';

const open = useBrowser();

test('the page says what to do before the first hit, and shows hits as they come', async () => {
  const { page, inspector, errors } = await open();
  const empty = page.getByRole('region', { name: 'No hits yet' });
  expect(await empty.innerText()).toContain(`MATOMO_URL=${inspector.url} MATOMO_SITE_ID=1`);
  await sendSome(inspector);
  await listed(page, 7);
  expect(await empty.isVisible()).toBe(false);
  await page.getByRole('button', { name: '5 tracked' }).waitFor();
  await page.getByRole('img', { name: 'at most 7 per second in the last minute' }).waitFor();

  await sendBulk(inspector, [view('GET /late', 200)]);
  await listed(page, 8);
  expect((await titles(page))[0]).toBe('GET /late');
  expect(errors).toEqual([]);
});

test('the page explains every parameter of a hit, and shows what Matomo stores of it', async () => {
  const { page, inspector } = await open({ inspector: { customVariables: true } });
  const dropped = { dimension9: 'x', nonsense: 'x', token_auth: 'T' };
  const document = { download: 'https://a.test/f.pdf', url: 'https://a.test/f', source: 'x' };
  await sendBulk(inspector, [
    view('GET /a', 200, { dimension2: 'gold', cip: '192.0.2.1', ...dropped }),
    view('GET /b', 200, { cid: 'fedcba9876543210', urlref: 'https://www.bing.com/search?q=x' }),
    view('GET /f', 200, { recMode: '1', ua: 'ChatGPT-User/1.0', bw_bytes: '7', ...document }),
  ]);
  async function read(name: string) {
    await page.locator('#hits').getByRole('button', { name }).last().click();
    const detail = page.getByRole('region', { name });
    const stored = detail.locator('dl');
    if (!(await stored.isVisible())) await detail.getByText('The row that Matomo stores').click();
    const [parameters = '', row = ''] = await Promise.all(
      [detail.locator('tbody'), stored].map((one) => one.innerText()),
    );
    return { parameters, row: row.replaceAll(/\s+/g, ' ') };
  }
  const { parameters, row } = await read('GET /a');
  expect(parameters).toMatch(/^pf_srv\s+12\s+server time in ms$/m);
  expect(parameters).toMatch(/^dimension9\s+x\s.*\ndropped: .*no such dimension/m);
  expect(parameters.match(/dropped: /g)).toHaveLength(1);
  expect(parameters).toMatch(/^cip\s+192.0.2.1\s.*token$/m);
  expect(parameters).toMatch(/^nonsense\s+x\s.*unknown to Matomo/m);
  expect(parameters).not.toMatch(/^token_auth\s+T\s/m);
  for (const column of ['title GET /a', 'time_server 12', 'dimension_2 gold', 'var_v1 200']) {
    expect(row).toContain(column);
  }
  const chatbot = await read('https://a.test/f.pdf');
  const url = 'url https://a.test/f.pdf';
  for (const column of ['name ChatGPT-User', 'kind document', url, 'bytes 7', 'source x']) {
    expect(chatbot.row).toContain(column);
  }
  expect(chatbot.row).not.toContain('GET /f');
  expect(chatbot.parameters).toMatch(/^recMode\s.*AI chatbot reports/m);
  await page.getByRole('button', { name: 'GET /b' }).last().click();
  await page.getByText('Referrer of the visit: search: Bing, keyword: x').waitFor();
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
  await sendBulk(inspector, [view('GET /late', 200)]);
  await listed(page, 1);
});

test('the page asks at once if there are more hits than one answer holds, and then with a pause', async () => {
  const { page, inspector } = await open();
  await page.addInitScript(
    'const ask = fetch; asked = 0; fetch = (...given) => { asked += 1; return ask(...given); };',
  );
  const hits = Array.from({ length: 600 }, () => view('GET /a', 200));
  await sendBulk(inspector, hits);
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 60_000);
  await page.reload();
  const asked = () => page.evaluate<number>('asked');
  await announced(page, /first/);
  await page.clock.runFor(100);
  expect(await asked()).toBe(2);
  await eventually(async () => {
    await page.clock.runFor(100);
    return (await asked()) > 2;
  });
  await listed(page, 100);
});

test('the page says each time that the connection is lost, until it is there again', async () => {
  const { page } = await open();
  for (let i = 0; i < 2; i += 1) {
    await page.context().setOffline(true);
    await announced(page, /lost/);
    await page.context().setOffline(false);
    await announced(page, /^$/);
  }
});
