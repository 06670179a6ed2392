import axe from 'axe-core';
import { describe, expect, test } from 'vitest';
import { sendBulk } from '../inspector-client.js';
import { useBrowser } from './browser.js';
import { listed, sendSome, titles, view } from './some-hits.js';

const open = useBrowser();

describe('the page', { timeout: 120_000 }, () => {
  test('is used with the keyboard alone', async () => {
    const { page, inspector } = await open();
    await sendSome(inspector);
    await listed(page, 7);
    const focused = () => page.evaluate('document.activeElement.innerText');
    await page.keyboard.press('j');
    await page.getByRole('region', { name: 'GET /c' }).waitFor();
    expect(await focused()).toBe('GET /c');
    await page.keyboard.press('j');
    await page.getByRole('region', { name: 'GET /b' }).waitFor();
    await page.keyboard.press('k');
    await page.getByRole('region', { name: 'GET /c' }).waitFor();
    await page.keyboard.press('Escape');
    expect(await page.locator('#detail').isVisible()).toBe(false);
    expect(await focused()).toBe('GET /c');

    await page.keyboard.press('/');
    await page.keyboard.type('orders p j C');
    expect(await page.getByRole('searchbox').inputValue()).toBe('orders p j C');
    await page.getByRole('searchbox').fill('');
    await page.keyboard.press('Escape');
    await page.keyboard.press('p');
    await page.getByText('paused').first().waitFor();
    await page.keyboard.press('p');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Shift+C');
    await page.getByRole('heading', { name: 'No hits yet' }).waitFor();
  });

  test('does not move the list under who reads it', async () => {
    const { page, inspector } = await open();
    await sendSome(inspector);
    await listed(page, 7);
    await page.locator('#hits .link').first().focus();
    await sendBulk(inspector, [view('GET /late', 200)]);
    const newer = page.getByRole('button', { name: 'Show 1 newer' });
    await newer.waitFor();
    expect(await titles(page)).toHaveLength(7);
    await newer.click();
    await listed(page, 8);
  });

  test('fits 360 pixels without scrolling to the side', async () => {
    const { page, inspector } = await open({ viewport: { width: 360, height: 740 } });
    const width = () => page.evaluate('document.documentElement.scrollWidth');
    expect(await width()).toBe(360);
    await sendSome(inspector);
    const long = 'x'.repeat(900);
    await sendBulk(inspector, [
      view(long, 200, { uid: long, ua: long, url: `https://a.test/${long}`, [long]: long }),
    ]);
    await listed(page, 8);
    expect(await width()).toBe(360);
    await page.locator('#hits .link').first().click();
    await page.locator('#detail').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('detail-heading');
    await page.getByText('The row that Matomo stores').click();
    expect(await width()).toBe(360);
    expect(await page.getByRole('columnheader', { name: 'p95 ms' }).count()).toBe(1);
  });

  test('follows the theme of the system until another is chosen, and keeps that', async () => {
    const { page } = await open({ colorScheme: 'dark' });
    const ground = () =>
      page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    const dark = await ground();
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await ground();
    expect(light).not.toBe(dark);
    await page.getByRole('button', { name: 'Theme: auto' }).click();
    await page.getByRole('button', { name: 'Theme: light' }).click();
    expect(await ground()).toBe(dark);
    await page.reload();
    await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
    expect(await ground()).toBe(dark);
  });

  test.each(['light', 'dark'] as const)(
    'has nothing that axe finds, in %s',
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
      await page.getByRole('region', { name: 'AI chatbots' }).waitFor();
      expect(await problems()).toEqual([]);
      await page.getByRole('button', { name: '1 dropped' }).click();
      await page.locator('#hits .link').first().click();
      await page.getByText('The row that Matomo stores').click();
      expect(await problems()).toEqual([]);
      await page.setViewportSize({ width: 360, height: 740 });
      expect(await problems()).toEqual([]);
      await page.getByRole('button', { name: 'Keys' }).click();
      expect(await problems()).toEqual([]);
    },
  );
});
