import { expect, test } from 'vitest';
import { hit, sendBulk } from '../inspector-client.js';
import { useBrowser } from './browser.js';

const open = useBrowser();

test('the page shows what Matomo stores of a request by an AI chatbot', async () => {
  const { page, inspector } = await open();
  const ignored = { action_name: 'GET /f', cid: '0123456789abcdef', url: 'https://a.test/f' };
  const own = { recMode: '1', ua: 'ChatGPT-User/1.0', bw_bytes: '7', source: 'x' };
  await sendBulk(inspector, [hit({ download: 'https://a.test/f.pdf', ...own, ...ignored })]);
  await page.locator('#hits').getByRole('button', { name: 'https://a.test/f.pdf' }).click();
  const detail = page.getByRole('region', { name: 'https://a.test/f.pdf' });
  await detail.getByText('The row that Matomo stores').click();
  const row = await detail.locator('dl').innerText();
  for (const column of [
    /name\s+ChatGPT-User/,
    /kind\s+document/,
    /url\s+https:\/\/a.test\/f.pdf/,
    /bytes\s+7/,
    /source\s+x/,
  ]) {
    expect(row).toMatch(column);
  }
  expect(row).not.toContain('GET /f');
  const recMode = detail.getByRole('row', { name: 'recMode' });
  expect(await recMode.innerText()).toContain('AI chatbot reports');
});
