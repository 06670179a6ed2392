import { expect, test } from 'vitest';
import { eventually, startServer } from '../../support/child-process.js';
import { startMatomoSite } from '../../support/matomo-site.js';
import { APPS, get, matomo, REGISTER } from '../../support/registered-app.js';
import { environmentOf, runSetup } from '../../support/setup.js';
import { codeBlocksOf, PAGES, read } from './pages.js';

const README = read('README.md');
const codeBlocks = codeBlocksOf('README.md');

/** What the quick start shows as output, without its indentation. */
const outputs = [...README.matchAll(/^ {3}```text\n(.*?)^ {3}```/gms)].map(([, text = '']) =>
  text.replaceAll(/^ {3}/gm, ''),
);

test('the README shows code', () => {
  expect(codeBlocks.length).toBeGreaterThan(1);
});

test.each(codeBlocks)(
  'the code of the README that begins `$firstLine` is from an example',
  ({ source }) => {
    expect(source).toMatch(/^examples\//);
  },
);

test('the quick start shows what setup prints for a new site', async () => {
  const site = await startMatomoSite({
    answer: ({ method }) => (method === 'API.getMatomoVersion' ? { value: '5.2.0' } : undefined),
  });
  const { output } = await runSetup(environmentOf(site), ['--yes']);
  expect(output.replaceAll(site.url, 'https://matomo.example.org')).toContain(outputs[1]);
});

test('the quick start shows what an application logs', async () => {
  const { inspector, env } = await matomo();
  const app = await startServer([...REGISTER, `${APPS}/plain-http.cjs`], {
    env: { ...env, MATOMO_SCHEDULE_DELAY: '50' },
  });
  await get(`${app.url}/users/1`);
  const line = await eventually(() => app.tracking());
  expect(line.replaceAll(inspector.url, 'https://matomo.example.org')).toBe(outputs[2]);
});

test('the index names every page in docs', () => {
  const index = read('docs/README.md');
  const pages = PAGES.filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md');
  expect(pages.filter((page) => !index.includes(`(${page.slice('docs/'.length)})`))).toEqual([]);
});
