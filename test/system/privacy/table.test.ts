import { expect, test } from 'vitest';
import { BACKGROUND, COMMON_ENV, ENV, KINDS, kindsOf, kindsWith, ROWS, SHOWN } from './rows.js';
import { WAYS, type Way } from './ways.js';

/** Without an SDK, nothing tells of an exception. */
const WITHOUT_CRASHES = ['register without an SDK'];

test.each(Object.entries(WAYS))(
  '%s: no hit has what an option keeps from Matomo',
  async (name, way) => {
    const sent = await way(ENV);
    for (const { option, secret } of ROWS) {
      expect(
        sent.filter((hit) => hit.includes(secret)),
        option,
      ).toEqual([]);
    }
    const kinds = Object.keys(KINDS).filter(
      (kind) => kind !== 'crash' || !WITHOUT_CRASHES.includes(name),
    );
    expect(kindsWith(sent, SHOWN.target)).toEqual(kinds);
    expect(sent.filter((hit) => BACKGROUND.test(hit))).toHaveLength(1);
  },
);

test('without the options, all of that is sent', async () => {
  const sent = await (WAYS.SDK as Way)(COMMON_ENV);
  for (const row of ROWS.filter(({ env }) => env)) {
    expect(kindsWith(sent, row.secret), row.option).toEqual(kindsOf(row));
  }
});
