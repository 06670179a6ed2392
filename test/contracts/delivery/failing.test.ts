import { describe, expect, test } from 'vitest';
import { openSender, type Reply, type Sender, type TextHit } from '../doors/send.js';
import {
  allInvalid,
  bulks,
  counters,
  failsWith,
  gaps,
  HOUR,
  hit,
  MINUTE,
  NO_ANSWER,
  namesOf,
  openFour,
  putAll,
  ROLLED_BACK,
  SECOND,
  sizes,
  text,
  total,
  tracked,
} from './support.js';

/** `d` makes a bulk fail. */
const isD = (name: string) => name === 'd';

test('a bulk that fails is halved at once, and each half that fails, before anything else', async () => {
  const sender = openFour(failsWith({ ...ROLLED_BACK, takesMillis: 10 }, isD));
  putAll(sender, 'abcdefgh');
  await sender.advance(26);
  putAll(sender, 'ijkl');
  await sender.advance(SECOND);
  expect(bulks(sender).slice(0, 6)).toEqual(['abcd', 'ab', 'cd', 'c', 'd', 'efgh']);
  expect(sender.counts()).toMatchObject({ tracked: 11, pending: 1 });
  await sender.advance(2 * HOUR);
  expect(sender.counts()).toMatchObject({ tracked: 11, pending: 1, lost: { rejected: 0 } });
  expect(sender.sent().length).toBeLessThan(750); // one each ten seconds
});

test('a single hit that fails goes behind everything', async () => {
  const options = { maxExportBatchSize: 1 };
  const sender = openSender({ options, answers: [ROLLED_BACK, tracked] });
  putAll(sender, 'abcde');
  await sender.advance(10 * MINUTE);
  expect(bulks(sender)).toEqual(['a', 'b', 'c', 'd', 'e', 'a']);
  expect(sender.counts()).toMatchObject({ tracked: 5, pending: 0 });
});

test('if every hit fails, few requests are sent, of one hit after the first ones', async () => {
  const sender = openSender({ answers: ROLLED_BACK });
  putAll(sender, namesOf('a', 300));
  await sender.advance(2 * HOUR);
  expect(sender.counts()).toMatchObject({ pending: 300 });
  expect(sender.sent().length).toBeLessThan(750); // one each ten seconds
  expect(new Set(sizes(sender).slice(20))).toEqual(new Set([1]));
});

test('a hit that failed alone keeps others waiting for a minute at most, and a flush sends it once more', async () => {
  const sender = openFour(failsWith(ROLLED_BACK, isD));
  putAll(sender, 'd');
  await sender.advance(10 * MINUTE);
  putAll(sender, 'a');
  await sender.advance(MINUTE + SECOND);
  expect(sender.counts()).toMatchObject({ tracked: 1, pending: 1 });
  await sender.advance(HOUR);
  const before = bulks(sender).length;
  const flushed = sender.flush();
  await sender.advance(100);
  await flushed;
  expect(bulks(sender).slice(before)).toEqual(['d']);
});

test('an error of the package is logged, loses no hit, and is no busy loop', async () => {
  let requests = 0;
  const sender = openFour((request) => {
    requests += 1;
    if (requests < 3) throw new Error('broken');
    return tracked(request);
  });
  putAll(sender, 'abcdefgh');
  await sender.advance(SECOND);
  expect(requests).toBe(1);
  await sender.advance(5 * MINUTE);
  expect(sender.codes()).toContain('internal-error');
  expect(sender.counts()).toMatchObject({ pending: 0, tracked: 8 });
});

describe('with a token', () => {
  /** It is sent as it is, whatever characters it has. */
  const TOKEN = 't"\\c';
  const open = (answers: Reply | readonly Reply[], readToken?: () => string | undefined) =>
    openFour(answers, { options: { tokenAuth: TOKEN }, ...(readToken && { readToken }) });

  test('a token that never worked: two requests, then others after 5.5, 20, 40 and each 60 minutes', async () => {
    const sender = open(allInvalid);
    putAll(sender, 'abcdefgh');
    await sender.advance(HOUR);
    expect(sender.sent()).toHaveLength(4);
    await sender.advance(3 * HOUR);
    const minutes = gaps(sender).map((gap) => Math.round(gap / SECOND) / 60);
    expect(minutes).toEqual([0, 5.5, 20, 40, 60, 60]);
    expect(sender.counts()).toMatchObject({ pending: 8, invalid: 0 });
    expect(new Set(sender.codes())).toEqual(new Set(['token-rejected']));
  });

  test('a token that works again: everything is sent, and the waits begin anew', async () => {
    const rejected = [allInvalid, allInvalid, allInvalid];
    const sender = open([...rejected, tracked, tracked, ...rejected, tracked]);
    putAll(sender, 'abcdefgh');
    await sender.advance(HOUR);
    expect(sender.counts()).toMatchObject({ pending: 0, tracked: 8 });
    putAll(sender, 'ijklmnop');
    await sender.advance(HOUR);
    expect(sender.counts()).toMatchObject({ pending: 0, tracked: 16, invalid: 0 });
    const waits = gaps(sender).map((gap) => gap / MINUTE);
    expect(waits.filter((wait) => wait < 30)).toEqual([0, 5.5, 20, 0, 0, 5.5, 20, 0]);
  });

  test('a bulk of which all hits are invalid is invalid if another one was tracked before it fails again', async () => {
    const isBad = ([name = '']: readonly string[]) => name.startsWith('bad');
    const sender = open((request) => ({
      ...(isBad(request.names) ? allInvalid(request) : tracked(request)),
      takesMillis: 10,
    }));
    putAll(sender, 'abcd');
    await sender.advance(SECOND);
    putAll(sender, namesOf('bad', 4));
    putAll(sender, 'efghijkl');
    await sender.advance(MINUTE);
    const names = sender.sent().map(([name = '']) => name[0]);
    expect(names).toEqual(['a', 'b', 'e', 'i', 'b']);
    expect(sender.counts()).toMatchObject({ pending: 0, tracked: 12, invalid: 4 });
    expect(sender.codes()).toEqual(['hits-invalid']);
  });

  test('a token that is revoked in traffic and replaced: sending continues within 6 s, and nothing is lost or invalid', async () => {
    let file: string | undefined = TOKEN;
    let accepted = TOKEN;
    const sender = open(
      (request) => ({
        ...(request.token === accepted ? tracked(request) : allInvalid(request)),
        takesMillis: 50,
      }),
      () => file,
    );
    const names = namesOf('a', 400);
    for (let second = 0; second < 80; second++) {
      if (second === 20) accepted = 'new';
      if (second === 45) file = undefined; // it is being replaced
      if (second === 50) file = 'new';
      putAll(sender, names.slice(second * 5, second * 5 + 5));
      await sender.advance(SECOND);
      if (second === 57) expect(sender.counts().tracked).toBeGreaterThan(260);
    }
    await sender.advance(10 * SECOND);
    expect(sender.counts()).toMatchObject({ tracked: 400, pending: 0, invalid: 0, resent: 0 });
    expect(total(sender)).toBe(400);
    expect(sender.codes()).toEqual(['token-rejected', 'available-again']);
  });

  test('a file with another token at each look is no busy loop', async () => {
    let reads = 0;
    const sender = open(allInvalid, () => `t${++reads}`);
    putAll(sender, 'abcd');
    await sender.advance(MINUTE);
    expect(sender.sent().length).toBeLessThan(60);
  });

  test('while the token is rejected, no flush asks again, and a shutdown asks once', async () => {
    const sender = open(allInvalid);
    putAll(sender, 'abcd');
    await sender.advance(SECOND);
    for (let i = 0; i < 5; i++) {
      const flushed = sender.flush();
      await sender.advance(100);
      await flushed;
    }
    expect(sender.sent()).toHaveLength(2);
    void sender.shutdown(SECOND);
    await sender.advance(2 * SECOND);
    expect(sender.sent()).toHaveLength(3);
    expect(sender.counts()).toMatchObject({ pending: 0, invalid: 0, lost: { shutdown: 4 } });
  });
});

describe('clients', () => {
  async function run(ofBad: (index: number) => Partial<TextHit>): Promise<Sender> {
    const sender = openSender({ answers: failsWith({ ...ROLLED_BACK, takesMillis: 15 }) });
    for (let second = 0; second < 180; second++) {
      for (let i = 0; i < 10; i++) {
        putAll(sender, [`good${second}-${i}`], { client: `c${i}`, visitor: `v${i}` });
        if (second < 120) putAll(sender, [`bad${second}-${i}`], ofBad(second * 10 + i));
      }
      await sender.advance(SECOND);
    }
    await sender.advance(MINUTE);
    return sender;
  }

  test('of a client whose hits were rejected, good hits are rejected with bad ones, for ten minutes', async () => {
    const sender = await run(() => ({ client: 'bad' }));
    const good = { client: 'bad', visitor: 'x' };
    putAll(sender, ['bad1', 'good1'], good);
    for (let i = 0; i < 20; i++) {
      putAll(sender, [`other${i}`], { client: 'c' });
      await sender.advance(6 * SECOND);
    }
    expect(sender.counts()).toMatchObject({ pending: 0, lost: { rejected: 1202 } });
    await sender.advance(10 * MINUTE);
    putAll(sender, ['good2'], good);
    await sender.advance(6 * SECOND);
    expect(sender.sent().at(-1)).toEqual(['good2']);
    expect(sender.counts()).toMatchObject({ pending: 0, lost: { rejected: 1202 } });
  });

  test('hits of unknown clients are not rejected with others', async () => {
    const sender = await run((i) => ({ client: '', visitor: `bad${i}` }));
    putAll(sender, ['good1'], { client: '' });
    await sender.advance(10 * MINUTE);
    expect(sender.counts()).toMatchObject({ tracked: 1801 });
  });
});

const UNANSWERED = [NO_ANSWER, text(503), NO_ANSWER, text(503), NO_ANSWER, tracked];

test.each([
  ['a', NO_ANSWER, [1, 1, 1, 1], { tracked: 0, resent: 3, lost: { unconfirmed: 1 } }],
  ['abcdefgh', UNANSWERED, [4, 1, 1, 1, 1, 1], { tracked: 8, resent: 6, lost: { unconfirmed: 0 } }],
])(
  'with resendUnconfirmed, a hit is sent four times at most: %s',
  async (names, answers, sent, counts) => {
    const sender = openFour(answers, { options: { resendUnconfirmed: true } });
    putAll(sender, names);
    await sender.advance(HOUR);
    expect(sizes(sender).slice(0, 6)).toEqual(sent);
    expect(sender.counts()).toMatchObject({ pending: 0, ...counts });
  },
);

test.each([
  [ROLLED_BACK, 'PHP\'s error log for "Data too long for column"'],
  [text(403), 'mod_security'],
])(
  'the line about a rejected hit names it, the answer, and what to look for: %j',
  async (answer, advice) => {
    const query = '?h=bad&idsite=1&action_name=GET%20%2Fcart&ua=Acme%20Logistics%2F4.2';
    const sender = openFour(failsWith(answer));
    sender.put(hit('bad', { query, startSeconds: Date.UTC(2026, 10, 20, 12) / 1e3, failures: 4 }));
    putAll(sender, ['a']);
    void sender.shutdown(MINUTE);
    await sender.advance(10 * SECOND);
    expect(sender.counts()).toMatchObject({ tracked: 1, lost: { rejected: 1 } });
    expect(sender.codes()).toEqual(['rejected']);
    const parts = ['2026-11-20T12:00:00.000Z', '"GET /cart"', '"Acme Logistics/4.2"'];
    for (const part of [...parts, `status ${answer.status}`, advice])
      expect(sender.hasLogged(part), part).toBe(true);
  },
);

test('hits that wait for more than a minute while others are tracked are worth one line an hour', async () => {
  const sender = openSender({
    answers: ({ names }) => ({ ...counters(names.length), takesMillis: 10 * SECOND }),
    options: { maxExportBatchSize: 2 },
  });
  for (let i = 0; i < 60; i++) {
    putAll(sender, [`a${i}`]);
    await sender.advance(SECOND);
  }
  expect(sender.codes()).toEqual([]);
  await sender.advance(40 * SECOND);
  expect(sender.codes()).toEqual(['hits-delayed']);
  await sender.advance(10 * MINUTE);
  expect(sender.codes()).toEqual(['hits-delayed']);
  expect(sender.counts()).toMatchObject({ pending: 0, tracked: 60 });
});
