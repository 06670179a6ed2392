import axe from 'axe-core';
import { expect, test } from 'vitest';
import { sendBulk } from '../inspector-client.js';
import { listed, sendSome, useBrowser, view } from './browser.js';

const open = useBrowser();

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
