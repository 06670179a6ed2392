import { expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { sendBulk } from '../inspector-client.js';
import { useBrowser } from './browser.js';
import { announced, listed, sendSome, titles, view } from './some-hits.js';

const open = useBrowser();

test('the page says what to do before the first hit, and shows hits as they come', async () => {
  const { page, inspector, errors } = await open();
  const empty = page.getByRole('region', { name: 'No hits yet' });
  expect(await empty.innerText()).toContain(`MATOMO_URL=${inspector.url} MATOMO_SITE_ID=1`);
  await sendSome(inspector);
  await listed(page, 7);
  expect(await empty.isVisible()).toBe(false);
  expect(await titles(page)).toEqual([
    'GET /c',
    'GET /b',
    'GET /a',
    'POST /orders',
    'GET /users/:id',
    'GET /users/:id',
    'GET /users/:id',
  ]);
  expect(await page.locator('#totals button').allInnerTexts()).toEqual([
    '5 tracked',
    '1 dropped',
    '1 invalid',
    '0 refused',
    '0 ai_chatbot',
    '4 2xx',
    '1 3xx',
    '1 4xx',
    '1 5xx',
  ]);
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
    const shown = await detail.locator('tbody tr').allInnerTexts();
    const stored = detail.locator('dl');
    if (!(await stored.isVisible())) await detail.getByText('The row that Matomo stores').click();
    const parameters = shown.map((text): [string, string] => {
      const [parameter = '', ...rest] = text.split(/\t|\n/);
      return [parameter, rest.join(' ')];
    });
    const row = (await stored.innerText()).replaceAll(/\s+/g, ' ');
    return { parameters: Object.fromEntries(parameters), row };
  }
  const { parameters, row } = await read('GET /a');
  expect(parameters.pf_srv).toBe('12 server time in ms');
  expect(parameters.dimension9).toMatch(/dropped: .*no such dimension/);
  expect(parameters.dimension2).not.toContain('dropped: ');
  expect(parameters.cip).toMatch(/^192.0.2.1 .*token$/);
  expect(parameters.nonsense).toContain('unknown to Matomo');
  expect(parameters.token_auth).not.toContain('T ');
  for (const column of ['title GET /a', 'time_server 12', 'dimension_2 gold', 'var_v1 200']) {
    expect(row).toContain(column);
  }
  const chatbot = await read('https://a.test/f.pdf');
  const url = 'url https://a.test/f.pdf';
  for (const column of ['name ChatGPT-User', 'kind document', url, 'bytes 7', 'source x']) {
    expect(chatbot.row).toContain(column);
  }
  expect(chatbot.row).not.toContain('GET /f');
  expect(chatbot.parameters.recMode).toContain('AI chatbot reports');
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

test.each([
  ['one hit', 1, 0],
  ['more hits than one answer holds', 600, 1],
])(
  'after %s the page asks again with a pause, unless there are more',
  async (_what, count, more) => {
    const { page, inspector } = await open();
    await page.addInitScript(
      'const ask = fetch; asked = 0; fetch = (...given) => { asked += 1; return ask(...given); };',
    );
    const hits = Array.from({ length: count }, () => view('GET /a', 200));
    await sendBulk(inspector, hits);
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    await page.reload();
    const asked = () => page.evaluate<number>('asked');
    await announced(page, /first/);
    await page.clock.runFor(100);
    expect(await asked()).toBe(1 + more);
    await eventually(async () => {
      await page.clock.runFor(100);
      return (await asked()) > 1 + more;
    });
    await listed(page, Math.min(count, 100));
  },
);

test('the page says each time that the connection is lost, until it is there again', async () => {
  const { page } = await open();
  for (let i = 0; i < 2; i += 1) {
    await page.context().setOffline(true);
    await announced(page, /lost/);
    await page.context().setOffline(false);
    await announced(page, /^$/);
  }
});
