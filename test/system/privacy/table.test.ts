import { expect, test } from 'vitest';
import {
  BACKGROUND,
  COMMON_ENV,
  ENV,
  KINDS,
  kindsOf,
  kindsWith,
  REQUESTS,
  REQUESTS_IN_TURNS,
  ROWS,
  SHOWN,
} from './rows.js';
import { WAYS, type Way } from './ways.js';

/** Of requests and of spans hits are made. The other ways differ in what becomes of them. */
const HAS_ALL_KINDS = ['SDK', 'exporter', 'gateway'];

/** Without an SDK, nothing tells of an exception. */
const WITHOUT_ERRORS = ['register without tracing'];

test.each(Object.entries(WAYS))(
  '%s: no hit has what an option keeps from Matomo',
  async (name, way) => {
    const sent = await way(ENV, HAS_ALL_KINDS.includes(name) ? REQUESTS : REQUESTS_IN_TURNS);
    for (const { option, secret } of ROWS) {
      expect(
        sent.filter((hit) => hit.includes(secret)),
        option,
      ).toEqual([]);
    }
    const kinds = Object.keys(KINDS).filter(
      (kind) => kind !== 'error' || !WITHOUT_ERRORS.includes(name),
    );
    expect(kindsWith(sent, SHOWN.target)).toEqual(kinds);
    expect(sent.filter((hit) => BACKGROUND.test(hit))).toHaveLength(1);
  },
);

test('without the options, all of that is sent, except what never is', async () => {
  const sent = await (WAYS.SDK as Way)(COMMON_ENV);
  for (const row of ROWS) {
    expect(kindsWith(sent, row.secret), row.option).toEqual(row.env ? kindsOf(row) : []);
  }
});
