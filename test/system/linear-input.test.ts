import { readdirSync, readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EXPRESSIONS, PLACES, SEARCH } from './linear-input/request-expressions.js';

// linear-input.long.test.ts runs them.
test('each expression and loop that sees requests or spans is listed with the reason why it is linear', () => {
  const found = PLACES.flatMap(filesIn).flatMap((file) => {
    const lines = linesWithExpressions(file);
    return lines.length === 0 ? [] : [[file, lines] as const];
  });
  for (const [file, lines] of found)
    expect(EXPRESSIONS[file]?.[0], lines.join('\n')).toBe(lines.length);
  expect(new Set(Object.keys(EXPRESSIONS))).toEqual(new Set(found.map(([file]) => file)));
});

function filesIn(place: string): string[] {
  if (statSync(place).isFile()) return [place];
  return readdirSync(place).flatMap((name) => filesIn(`${place}/${name}`));
}

function linesWithExpressions(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines
    .map((line, i) => `${file}:${i + 1} ${line.trim()}`)
    .filter((_, i) => SEARCH.test(lines[i] ?? '') && !/^\s*(?:\*|\/[/*])/.test(lines[i] ?? ''));
}
