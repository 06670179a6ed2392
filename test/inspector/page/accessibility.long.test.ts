import axe from 'axe-core';
import { expect, test } from 'vitest';
import { sendBulk } from '../inspector-client.js';
import { listed, sendSome, useBrowser, view } from './browser.js';

const open = useBrowser();

test('the page is used with Tab and Enter alone', async () => {
  const { page, inspector } = await open();
  await sendSome(inspector);
  await listed(page, 7);
  const focused = () => page.evaluate('document.activeElement.innerText');
  const tabTo = async (text: string) => {
    for (let i = 0; i < 40 && (await focused()) !== text; i += 1) await page.keyboard.press('Tab');
    expect(await focused()).toBe(text);
  };
  await page.locator('body').focus();
  await tabTo('GET /c');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'GET /c' }).waitFor();
  expect(await focused()).toBe('GET /c');
  expect(await page.evaluate('document.activeElement.id')).toBe('detail-heading');
  await tabTo('Close');
  await page.keyboard.press('Enter');
  expect(await page.locator('#detail').isVisible()).toBe(false);
  expect(await focused()).toBe('GET /c');
});

test.each(['light', 'dark'] as const)(
  'the page has nothing that axe finds, in %s',
  async (colorScheme) => {
    const { page, inspector } = await open({ colorScheme });
    const problems = async () => {
      await page.evaluate(axe.source);
      const { violations } = (await page.evaluate('axe.run()')) as {
        violations: { id: string; nodes: { html: string }[] }[];
      };
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
    };
    expect(await problems()).toEqual([]);
    await sendSome(inspector);
    await listed(page, 7);
    await sendBulk(inspector, [view('GET /f', 200, { ua: 'ChatGPT-User', recMode: '1' })]);
    await listed(page, 8);
    expect(await problems()).toEqual([]);
    await page.getByRole('button', { name: '1 dropped' }).click();
    await page.locator('#hits .link').first().click();
    expect(await problems()).toEqual([]);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await problems()).toEqual([]);
  },
);
