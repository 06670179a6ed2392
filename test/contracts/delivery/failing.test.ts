import { describe, expect, test } from 'vitest';
import { type Answer, openSender, type Reply } from '../doors/send.js';
import {
  allInvalid,
  bulks,
  counters,
  DATABASE_DIED,
  failsWith,
  gaps,
  HOUR,
  hit,
  MINUTE,
  NO_ANSWER,
  NOT_COUNTED,
  namesOf,
  openFour,
  PAGE,
  putAll,
  ROLLED_BACK,
  SECOND,
  sizes,
  text,
  total,
  tracked,
} from './support.js';

const SUSPECT: readonly [name: string, answer: Answer][] = [
  ['403', text(403)],
  ['400', text(400)],
  ['500', ROLLED_BACK],
  ['502', text(502)],
  ['a page', PAGE],
  ['no hit counted', NOT_COUNTED],
  ['an SQL state', DATABASE_DIED],
];

/** `d` makes a bulk fail. */
const isD = (name: string) => name === 'd';

describe.each(SUSPECT)('hits that fail with %s', (_name, answer) => {
  test('of four hits, the three good ones are tracked at once, and the bad one stays pending', async () => {
    const sender = openFour(failsWith(answer, isD));
    putAll(sender, 'abcd');
    await sender.advance(SECOND);
    expect(sender.counts()).toMatchObject({ tracked: 3, pending: 1 });
    expect(sizes(sender)).toContain(1);
    await sender.advance(12 * HOUR);
    expect(sender.counts()).toMatchObject({ tracked: 3, pending: 1, lost: { rejected: 0 } });
    expect(sender.sent().length).toBeLessThan(200);
  });

  test('with a good hit each second, the bad hit alone is rejected within a minute', async () => {
    const sender = openFour(failsWith(answer, isD));
    putAll(sender, 'abcd');
    for (let i = 0; i < 60; i++) {
      putAll(sender, [`g${i}`]);
      await sender.advance(SECOND);
    }
    expect(sender.counts()).toMatchObject({ lost: { rejected: 1 } });
    await sender.advance(10 * SECOND);
    expect(sender.counts()).toMatchObject({ tracked: 63, pending: 0, lost: { rejected: 1 } });
    expect(sender.codes()).toContain('rejected');
    expect(bulks(sender).filter((names) => names === 'd').length).toBeGreaterThanOrEqual(5);
  });

  test('of 300 hits with a bad one, the other 299 are tracked within 40 requests', async () => {
    for (const bad of [0, 57, 199, 299]) {
      const names = namesOf('a', 300);
      names[bad] = 'bad';
      const sender = openSender({ answers: failsWith(answer) });
      putAll(sender, names);
      await sender.advance(15 * SECOND);
      expect(sender.counts()).toMatchObject({ tracked: 299, pending: 1 });
      expect(sender.sent().length).toBeLessThanOrEqual(40);
    }
  });

  test('of 600 hits of which each 50th is bad, the other 588 are tracked within 300 requests and 15 s', async () => {
    const names = namesOf('a', 600).map((name, i) => (i % 50 === 49 ? `bad${i}` : name));
    const sender = openSender({ answers: failsWith({ ...answer, takesMillis: 20 }) });
    putAll(sender, names);
    await sender.advance(15 * SECOND);
    expect(sender.counts()).toMatchObject({ tracked: 588, pending: 12, lost: { rejected: 0 } });
    expect(sender.sent().length).toBeLessThanOrEqual(300);
  });

  test('if every hit fails, none is counted, and few requests are sent, of one hit after the first ones', async () => {
    const sender = openSender({ answers: answer });
    putAll(sender, namesOf('a', 300));
    await sender.advance(12 * HOUR);
    expect(sender.counts()).toMatchObject({ pending: 300 });
    expect(total(sender)).toBe(300);
    expect(sender.sent().length).toBeLessThan(200);
    expect(new Set(sizes(sender).slice(20))).toEqual(new Set([1]));
    const waits = gaps(sender).slice(12);
    for (const [i, wait] of waits.slice(0, 8).entries())
      expect(waits[i + 1]).toBeGreaterThanOrEqual(wait);
    expect(Math.max(...waits)).toBeLessThan(HOUR);
  });

  test('a single hit that fails goes behind everything', async () => {
    const sender = openSender({ options: { maxExportBatchSize: 1 }, answers: [answer, tracked] });
    putAll(sender, 'abcde');
    await sender.advance(10 * MINUTE);
    const sent = bulks(sender);
    expect(sent[0]).toBe('a');
    expect(sent.filter((names) => names === 'a')).toHaveLength(2);
    expect(sender.counts()).toMatchObject({ tracked: 5, pending: 0 });
  });

  test('a bulk that fails twice is halved at once, and each half that fails, before anything else', async () => {
    const sender = openFour(failsWith({ ...answer, takesMillis: 10 }, isD));
    putAll(sender, 'abcdefgh');
    await sender.advance(26);
    putAll(sender, 'ijkl');
    await sender.advance(SECOND);
    const sent = bulks(sender);
    const last = sent.indexOf('d');
    expect(sent.slice(0, last + 1).filter((names) => names !== 'ijkl')).toEqual([
      'abcd',
      'efgh',
      'abcd',
      'ab',
      'cd',
      'c',
      'd',
    ]);
    expect(sent.slice(0, last + 1).join(' ')).toContain('abcd ab cd c d');
  });
});

test('500 for everything for 12 h with 10,000 hits queued: one hit per step, and all arrive after the recovery', async () => {
  let isDown = true;
  const sender = openSender({
    answers: (request) => (isDown ? ROLLED_BACK : tracked(request)),
    options: { tokenAuth: 't' },
  });
  putAll(sender, namesOf('a', 10_000));
  await sender.advance(12 * HOUR);
  expect(sender.counts()).toMatchObject({ pending: 10_000, lost: { rejected: 0 } });
  expect(new Set(sizes(sender).slice(10))).toEqual(new Set([1]));
  const step = Math.max(...gaps(sender));
  expect(step).toBeLessThan(HOUR);
  isDown = false;
  await sender.advance(step + MINUTE);
  expect(sender.counts()).toMatchObject({ pending: 0, tracked: 10_000 });
  expect(new Set(sender.codes())).toEqual(new Set(['rolled-back', 'available-again']));
});

/** From 0 to 1, always the same ones. */
function createJitter(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

test.each([0.01, 0.1])(
  'with the part %d of 20 hits a second bad, good ones are late by less than 15 s at p99, and none is lost',
  async (part) => {
    const random = createJitter(7);
    const putMillis = new Map<string, number>();
    const late: number[] = [];
    const sender = openSender({
      random,
      options: { tokenAuth: 't' },
      answers(request) {
        const answer = failsWith({ ...ROLLED_BACK, takesMillis: 20 })(request);
        if (answer.status === 200)
          for (const name of request.names)
            late.push(request.atMillis - (putMillis.get(name) as number));
        return answer;
      },
    });
    let good = 0;
    for (let i = 0; i < 20 * 180; i++) {
      const isBad = random() < part;
      if (!isBad) good += 1;
      const name = `${isBad ? 'bad' : 'a'}${i}`;
      putMillis.set(name, sender.nowMillis);
      putAll(sender, [name]);
      await sender.advance(50);
    }
    await sender.advance(MINUTE);
    expect(sender.counts()).toMatchObject({ tracked: good });
    late.sort((a, b) => a - b);
    expect(late[Math.floor(late.length * 0.99)]).toBeLessThan(15 * SECOND);
  },
);

const createFailures = {
  'every second one': () => {
    let count = 0;
    return () => ++count % 2 === 0;
  },
  'at random': () => {
    const random = createJitter(11);
    return () => random() < 0.5;
  },
};

test.each(
  [1, 5, 100].flatMap(
    (size) =>
      [
        ['every second one' as const, size],
        ['at random' as const, size],
      ] as const,
  ),
)(
  'a server that fails half of its requests, %s, with bulks of %i: fewer than 0.5 percent of hits are rejected',
  async (which, maxExportBatchSize) => {
    const fails = createFailures[which]();
    const sender = openSender({
      options: { maxExportBatchSize, tokenAuth: 't' },
      answers: (request) => (fails() ? ROLLED_BACK : tracked(request)),
    });
    for (let i = 0; i < 1000; i++) {
      putAll(sender, namesOf(`a${i}-`, 2));
      await sender.advance(200);
    }
    await sender.advance(2 * HOUR);
    const { tracked: stored, pending, lost } = sender.counts();
    expect(stored + pending + lost.rejected).toBe(2000);
    expect(lost.rejected).toBeLessThan(10);
    expect(pending).toBeLessThan(20);
  },
);

test('with resendUnconfirmed, each bulk is sent again three times at most, and those after it are single hits', async () => {
  const sender = openFour(NO_ANSWER, { options: { resendUnconfirmed: true } });
  putAll(sender, 'abcdef');
  await sender.advance(HOUR);
  expect(bulks(sender)).toEqual(['abcd', 'e', 'f'].flatMap((bulk) => Array(4).fill(bulk)));
  expect(sender.counts()).toMatchObject({ pending: 0, resent: 18, lost: { unconfirmed: 6 } });
  expect(sender.codes()).toContain('unconfirmed');
  expect(sender.hasLogged('set resendUnconfirmed')).toBe(false);
});

test('the same if Matomo is unavailable in between', async () => {
  const unavailable = text(503);
  const answers = [NO_ANSWER, unavailable, NO_ANSWER, unavailable, NO_ANSWER, unavailable];
  const sender = openFour([...answers, NO_ANSWER, tracked], {
    options: { resendUnconfirmed: true },
  });
  putAll(sender, 'abcdefgh');
  await sender.advance(HOUR);
  expect(bulks(sender)).toEqual([...Array(7).fill('abcd'), 'e', 'fgh']);
  expect(sender.counts()).toMatchObject({ tracked: 4, resent: 12, lost: { unconfirmed: 4 } });
});

test.each([1, 5])(
  'a queue that is full of bad hits, in bulks of %i, takes others in the end',
  async (max) => {
    const sender = openSender({
      options: { maxQueueSize: 10, maxExportBatchSize: max },
      answers: failsWith(ROLLED_BACK),
    });
    putAll(sender, namesOf('bad', 10));
    await sender.advance(MINUTE);
    expect(sender.counts()).toMatchObject({ tracked: 0, pending: 10 });
    for (let i = 0; i < 1800; i++) {
      putAll(sender, [`g${i}`]);
      await sender.advance(SECOND);
      expect(total(sender)).toBe(11 + i);
    }
    const { tracked: stored, lost } = sender.counts();
    expect(lost.rejected).toBeGreaterThanOrEqual(5);
    expect(stored).toBeGreaterThan(100);
  },
);

test('a hit that failed alone keeps no other waiting, and a flush sends it once more', async () => {
  const sender = openFour(failsWith(ROLLED_BACK, isD));
  putAll(sender, 'd');
  await sender.advance(10 * MINUTE);
  putAll(sender, 'a');
  await sender.advance(5_100);
  expect(sender.counts()).toMatchObject({ tracked: 1, pending: 1 });
  await sender.advance(HOUR);
  const before = bulks(sender).length;
  const flushed = sender.flush();
  await sender.advance(100);
  await flushed;
  expect(bulks(sender).slice(before)).toEqual(['d']);
});

test('a shutdown sends a hit that failed alone once more', async () => {
  let isBad = true;
  const sender = openFour(failsWith(ROLLED_BACK, (name) => isBad && name === 'd'));
  putAll(sender, 'abcd');
  await sender.advance(HOUR);
  expect(sender.counts()).toMatchObject({ tracked: 3, pending: 1 });
  isBad = false;
  void sender.shutdown(SECOND);
  await sender.advance(100);
  expect(sender.counts()).toMatchObject({ tracked: 4, pending: 0 });
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
  const open = (answers: Reply | readonly Reply[], readToken?: () => string | undefined) =>
    openFour(answers, { options: { tokenAuth: 't' }, ...(readToken && { readToken }) });

  test('a token that never worked: requests after 10, 30 and each 60 minutes, so three in the first hour', async () => {
    const sender = open(allInvalid);
    putAll(sender, 'abcdefgh');
    await sender.advance(HOUR);
    expect(sender.sent()).toHaveLength(3);
    await sender.advance(2 * HOUR);
    expect(gaps(sender)).toEqual([10, 30, 60, 60].map((minutes) => minutes * MINUTE));
    expect(sender.counts()).toMatchObject({ pending: 8, invalid: 0 });
    expect(new Set(sender.codes())).toEqual(new Set(['token-rejected']));
  });

  test('a token that stops working: another bulk is tried, then everything waits; at most four requests in the first hour', async () => {
    const sender = open([tracked, allInvalid]);
    putAll(sender, 'wxyz');
    await sender.advance(SECOND);
    putAll(sender, 'abcdefgh');
    await sender.advance(HOUR);
    expect(bulks(sender).slice(1, 3)).toEqual(['abcd', 'efgh']);
    expect(sender.sent().length - 1).toBeLessThanOrEqual(4);
    expect(gaps(sender).slice(2, 4)).toEqual([10 * MINUTE, 30 * MINUTE]);
    expect(sender.counts()).toMatchObject({ pending: 8, invalid: 0 });
    expect(sender.codes()).toContain('token-rejected');
  });

  test('a token that works again: everything is sent, and the waits begin anew', async () => {
    const sender = open([
      allInvalid,
      allInvalid,
      tracked,
      tracked,
      allInvalid,
      allInvalid,
      tracked,
    ]);
    putAll(sender, 'abcdefgh');
    await sender.advance(HOUR);
    expect(sender.counts()).toMatchObject({ pending: 0, tracked: 8 });
    expect(gaps(sender)).toEqual([10 * MINUTE, 30 * MINUTE, 0]);
    putAll(sender, 'ijklmnop');
    await sender.advance(9 * MINUTE);
    expect(sender.counts()).toMatchObject({ pending: 8 });
    await sender.advance(2 * MINUTE);
    expect(sender.counts()).toMatchObject({ pending: 0, tracked: 16 });
  });

  test('bulks in which all hits are invalid, twice and with another one tracked in between, are invalid', async () => {
    const isBad = ([name = '']: readonly string[]) => name.startsWith('bad');
    const sender = open((request) =>
      isBad(request.names) ? allInvalid(request) : tracked(request),
    );
    putAll(sender, 'abcd');
    await sender.advance(SECOND);
    putAll(sender, namesOf('bad', 4));
    putAll(sender, 'efghijkl');
    await sender.advance(MINUTE);
    expect(sizes(sender)).toEqual([4, 4, 4, 4, 4]);
    expect(sender.counts()).toMatchObject({ pending: 0, tracked: 12, invalid: 4 });
    expect(sender.codes()).toEqual(['hits-invalid']);
  });

  test('orders that Matomo already has are invalid, and no rejected token', async () => {
    const hasOrder = ({ names }: { names: readonly string[] }) =>
      names.every((name) => name === 'A');
    const sender = open((request) => (hasOrder(request) ? allInvalid(request) : tracked(request)));
    putAll(sender, 'A');
    await sender.advance(10 * SECOND);
    expect(sender.counts()).toMatchObject({ pending: 0, invalid: 1 });
    expect(sender.codes()).not.toContain('token-rejected');
    putAll(sender, 'bcde');
    await sender.advance(10 * SECOND);
    expect(sender.counts()).toMatchObject({ pending: 0, invalid: 1, tracked: 4 });
  });

  test('a bulk of orders is halved, down to the orders that Matomo already has', async () => {
    const sender = open(({ names }) => {
      const old = names.filter((name) => 'AB'.includes(name)).length;
      return counters(names.length - old, old);
    });
    putAll(sender, 'AB');
    await sender.advance(10 * SECOND);
    expect(bulks(sender).slice(0, 2)).toEqual(['AB', 'A']);
    expect(sender.counts().invalid).toBeGreaterThanOrEqual(1);
  });

  test('many orders that are all invalid look like a rejected token', async () => {
    const sender = open(allInvalid);
    putAll(sender, 'ABCDEFGH');
    await sender.advance(HOUR);
    expect(sender.sent().length).toBeLessThanOrEqual(6);
    expect(sender.counts().pending).toBeGreaterThanOrEqual(6);
    expect(total(sender)).toBe(8);
    expect(sender.codes()).toContain('token-rejected');
  });

  test('a bulk without a valid hit waits for another one to be tracked, not in a busy loop', async () => {
    const sender = open((request) =>
      request.names[0] === 'a' ? tracked(request) : allInvalid(request),
    );
    sender.put(hit('a'));
    await sender.advance(10 * SECOND);
    sender.put(hit('b'));
    expect(await sender.countTimers(MINUTE)).toBeLessThan(300);
    expect(sender.counts()).toMatchObject({ tracked: 1, pending: 1 });
    sender.put(hit('a'));
    await sender.advance(10 * SECOND);
    expect(sender.counts()).toMatchObject({ tracked: 2, invalid: 1, pending: 0 });
  });

  test('a hit that only speaks of an order is none', async () => {
    const sender = open(allInvalid);
    sender.put({ ...hit('a'), query: '?h=a&url=https%3A%2F%2Fx.test%2F%3Fec_id%3D5&ec_id=' });
    await sender.advance(10 * SECOND);
    expect(sender.counts()).toMatchObject({ pending: 1, invalid: 0 });
  });

  test('a token that was replaced in its file: the rejected bulk is sent again at once', async () => {
    let file: string | undefined = 't';
    const sender = open(
      (request) => (request.token === 'new' ? tracked(request) : allInvalid(request)),
      () => file,
    );
    file = 'new';
    putAll(sender, 'abcd');
    await sender.advance(100);
    expect(sender.requests().map(({ token }) => token)).toEqual(['t', 'new']);
    expect(sender.counts()).toMatchObject({ tracked: 4, pending: 0 });
    expect(sender.codes()).toEqual([]);
  });

  test('while the token is rejected, its file is read again, and a new token is sent within 5 s', async () => {
    let file: string | undefined = 't';
    let reads = 0;
    const sender = open(
      (request) => (request.token === 'new' ? tracked(request) : allInvalid(request)),
      () => {
        reads += 1;
        return file;
      },
    );
    putAll(sender, 'abcdef');
    await sender.advance(3 * MINUTE);
    expect(reads).toBeGreaterThanOrEqual(30);
    expect(reads).toBeLessThanOrEqual(100);
    file = undefined; // it is being replaced
    await sender.advance(MINUTE);
    expect(sender.requests()).toHaveLength(1);
    file = 'new';
    await sender.advance(5_100);
    expect(sender.requests().map(({ token }) => token)).toContain('new');
    await sender.advance(10 * SECOND);
    expect(sender.counts()).toMatchObject({ tracked: 6, pending: 0 });
  });

  test('a busy server does not read the file of a rejected token more often', async () => {
    let reads = 0;
    const sender = open(allInvalid, () => {
      reads += 1;
      return 't';
    });
    for (let i = 0; i < 300; i++) {
      putAll(sender, 'ab');
      await sender.advance(200);
    }
    expect(reads).toBeGreaterThanOrEqual(10);
    expect(reads).toBeLessThanOrEqual(40);
    expect(sender.sent()).toHaveLength(1);
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
    expect(sender.sent()).toHaveLength(1);
    void sender.shutdown(SECOND);
    await sender.advance(2 * SECOND);
    expect(sender.sent()).toHaveLength(2);
    expect(sender.counts()).toMatchObject({ pending: 0, invalid: 0, lost: { shutdown: 4 } });
  });

  test('a token is sent as it is, whatever characters it has', async () => {
    const tokenAuth = 'a"b\\c';
    const sender = openFour(tracked, { options: { tokenAuth } });
    putAll(sender, 'abcd');
    await sender.advance(SECOND);
    expect(sender.requests()).toMatchObject([{ token: tokenAuth }]);
  });
});
