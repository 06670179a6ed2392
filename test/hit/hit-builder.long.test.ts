import { expect, test } from 'vitest';
import { copyText, remember } from '../../src/common/recent-texts.js';
import { openBuilder } from '../contracts/doors/build.js';
import { createBuildHits, HIT_OPTIONS, httpRequest, NOON } from '../support/builders.js';
import { keptBytes, PARTS_BYTES, usedBytes } from '../support/kept-bytes.js';

test.for(['method', 'path', 'query', 'route', 'host', 'userAgent', 'referrer', 'address'] as const)(
  'no text is kept of which the %s of a request is a part',
  (name) => {
    for (const beforeSend of [undefined, (parameters: Record<string, string>) => parameters]) {
      const build = createBuildHits({ ...HIT_OPTIONS, beforeSend });
      const kept = keptBytes(
        twice((part) => build(httpRequest({ route: undefined, [name]: part }), 1, NOON)),
      );
      expect(kept).toBeLessThan(PARTS_BYTES / 4);
    }
  },
);

/** What comes twice is remembered. */
function twice(use: (part: string) => unknown): (part: string) => void {
  return (part) => {
    use(part);
    use(part);
  };
}

const kept: string[] = [];
test.for<[string, (part: string) => unknown]>([
  ['what is remembered', twice(remember(64, (part) => part.slice(1)))],
  ['a copy that is no Unicode', (part) => kept.push(copyText(`${part}\ud800`.slice(-30)))],
])('%s does not keep the whole text', ([, remember]) => {
  expect(keptBytes(remember)).toBeLessThan(PARTS_BYTES / 4);
});

test('of 100,000 clients with a URL of their own, no more stays in memory than of 1,000', () => {
  const builder = openBuilder();
  const visit = (i: number) =>
    builder.build({
      path: `/pages/of-${i}`,
      query: `item=${i}`,
      route: '',
      peer: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
      headers: {
        'user-agent': `scanner ${i}`,
        referer: `https://a.example/${i}`,
        host: `h${i}.example`,
      },
    });
  for (let i = 0; i < 1000; i++) visit(i);
  const before = usedBytes();
  for (let i = 1000; i < 100_000; i++) visit(i);
  expect(usedBytes() - before).toBeLessThan(1_000_000);
  builder.close();
});
