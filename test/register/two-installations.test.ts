import { join } from 'node:path';
import { expect, test } from 'vitest';
import { secondCopy } from '../support/installed-app.js';
import { APPS, get, REGISTER, startTracked, TRACED } from '../support/registered-app.js';

test.each([
  ['with tracing', 'operator', TRACED],
  ['without tracing', 'application', []],
])(
  '%s, two installations are registered, that of the %s first: each hit is sent once',
  async (_given, first, others) => {
    const ofOperator = ['--require', join(secondCopy(), 'dist/cjs/register.js')];
    const preloads =
      first === 'operator' ? [...ofOperator, ...REGISTER] : [...REGISTER, ...ofOperator];
    const { inspector, app } = await startTracked([...others, ...preloads, `${APPS}/ends.cjs`]);
    await get(`${app.url}/additional`);
    await app.stop();
    const kinds = inspector
      .hits()
      .map(({ params: { e_a, idgoal, ec_id, download } }) => e_a ?? ec_id ?? idgoal ?? download);
    expect(kinds).toHaveLength(5);
    expect(new Set(kinds)).toEqual(
      new Set([undefined, 'event', '3', 'A-1', 'https://files.example/a.pdf']),
    );
    expect(app.stderr()).toBe('');
  },
);
