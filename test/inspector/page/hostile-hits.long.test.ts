import { expect, test } from 'vitest';
import { hit, sendBulk } from '../inspector-client.js';
import { useBrowser } from './browser.js';

const open = useBrowser();

const NASTY = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  'javascript:alert(1)',
  '</title></script><iframe srcdoc="<script>alert(1)</script>">',
  '\u202egnp.exe\u0000\u0007\u001b[2J',
  '__proto__',
  '\ud83d\ude00 \u0024{alert(1)} \\"',
];
const FIELDS =
  'action_name url urlref ua lang uid cid cip e_c e_a e_n search pv_id cvar dimension1 idsite rec cdt pf_srv pf_dm1 http_status token_auth';

test('the page shows whatever a hit holds as text', async () => {
  const { page, inspector, errors } = await open();
  const hits = NASTY.flatMap((nasty) => [
    ...FIELDS.split(' ').map((field) => hit({ action_name: 'GET /', [field]: nasty })),
    hit({ [nasty]: nasty }),
    hit({ action_name: 'c', cvar: JSON.stringify({ 1: ['http_status_code', nasty] }) }),
    hit({ action_name: nasty, uid: nasty, ua: nasty, url: `https://a.test/${nasty}` }),
  ]);
  for (const one of hits) await sendBulk(inspector, [one]);
  await page.getByText(`${hits.length} hits`).first().waitFor();
  const markup =
    'document.querySelectorAll("main :is(script, img, iframe, svg [onload], [onerror], [href^=javascript])").length';
  const count = await page.locator('#hits .link').count();
  for (let i = 0; i < count; i += 1) {
    await page.locator('#hits .link').nth(i).click();
    expect(await page.evaluate(markup)).toBe(0);
  }
  for (const nasty of NASTY) {
    await page.getByRole('searchbox').fill(nasty);
    await page.getByRole('searchbox').fill(`endpoint:"${nasty.replace(/["\\]/g, '\\$&')}"`);
  }
  await page.getByRole('searchbox').fill('');
  expect(await page.evaluate(markup)).toBe(0);
  expect(errors).toEqual([]);
});
