import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { read } from '../docs/pages.js';

const FOLDER = 'test/system/parity';

test.each(['row', 'bug'])('README.md has a line for each %s that a test names', (kind) => {
  const sources = readdirSync(join(ROOT, FOLDER)).filter((file) => file.endsWith('.test.ts'));
  const source = sources.map((file) => read(`${FOLDER}/${file}`)).join('\n');
  const named = [...source.matchAll(new RegExp(`['"]${kind} (\\d+)|\`${kind} (\\d+)`, 'g'))];
  const numbers = new Set(named.map(([, first, second]) => Number(first ?? second)));
  const [, table = ''] = read(`${FOLDER}/README.md`).split(`| ${kind} |`);
  const listed = [...(table.split('\n## ')[0] ?? '').matchAll(/^\| (\d+) \|/gm)];
  expect([...numbers].sort((a, b) => a - b)).toEqual(listed.map(([, number]) => Number(number)));
});
