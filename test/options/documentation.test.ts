import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OPTIONS } from '../../src/options/option-table.js';

const read = (file: string) => readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');

/** The comment of each property of an interface, by its name. */
function commentsOf(file: string, type: string): Map<string, string> {
  const [, body = ''] = read(file).split(`export interface ${type} {\n`);
  const property = /^ {2}(?:\/\*\*((?:(?!\*\/).)*)\*\/\n {2})?(?:readonly )?(\w+)\??[:(]/gms;
  const [own = ''] = body.split('\n}');
  return new Map([...own.matchAll(property)].map(([, comment = '', name = '']) => [name, comment]));
}

test('an editor shows the meaning, the variable and the default of each option', () => {
  const comments = commentsOf('options.ts', 'MatomoOptions');
  const inCode = Object.entries(OPTIONS).filter(
    ([, declaration]) => !('inCode' in declaration && declaration.inCode),
  );
  expect([...comments.keys()]).toEqual(inCode.map(([name]) => name));
  for (const [name, { env, default: value }] of inCode) {
    const comment = comments.get(name) ?? '';
    expect(comment, name).toMatch(/[a-z]{3}/);
    expect(comment, name).toContain(env ?? 'Only in code.');
    expect(comment, name).toContain(value === 'required' ? 'Required.' : '@default ');
  }
});

test('an editor shows the meaning of each property of a tracked request', () => {
  const comments = commentsOf('hit/http-request.ts', 'TrackedRequest');
  expect(comments.has('header')).toBe(true);
  for (const [name, comment] of comments) expect(comment, name).toMatch(/[a-z]{3}/);
});
