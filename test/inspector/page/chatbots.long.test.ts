import { expect, test } from 'vitest';
import { hit, sendBulk } from '../inspector-client.js';
import { useBrowser } from './browser.js';
import { listed, titles } from './some-hits.js';

const open = useBrowser();

function chatbotHit(parameters: Record<string, string>): string {
  return hit({ recMode: '1', ua: 'ChatGPT-User/1.0', ...parameters });
}

const SOME = [
  chatbotHit({ url: 'https://a.test/a', http_status: '200', bw_bytes: '1000', pf_srv: '10' }),
  chatbotHit({ url: 'https://a.test/b', http_status: '404', bw_bytes: '2000', pf_srv: '30' }),
  chatbotHit({ download: 'https://a.test/f.pdf', http_status: '200', pf_srv: '50' }),
  chatbotHit({ url: 'https://a.test/a', ua: 'Claude-User/1.0' }),
  chatbotHit({ url: 'https://a.test/a', ua: 'GPTBot/1.2' }),
];

test('the page counts requests by AI chatbots, and names the chatbot as their visitor', async () => {
  const { page, inspector, errors } = await open();
  await sendBulk(inspector, SOME);
  await listed(page, 5);
  expect(await titles(page)).toEqual([
    'https://a.test/a',
    'https://a.test/a',
    'https://a.test/f.pdf',
    'https://a.test/b',
    'https://a.test/a',
  ]);
  await page.getByRole('button', { name: '4 ai_chatbot' }).click();
  await listed(page, 4);
  await page.getByRole('searchbox').fill('visitor:ChatGPT-User');
  await listed(page, 3);
  expect(errors).toEqual([]);
});

test('the page shows what Matomo stores of a request by an AI chatbot', async () => {
  const { page, inspector } = await open();
  const ignored = { action_name: 'GET /f', cid: '0123456789abcdef', url: 'https://a.test/f' };
  await sendBulk(inspector, [
    chatbotHit({ download: 'https://a.test/f.pdf', bw_bytes: '7', source: 'x', ...ignored }),
  ]);
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
