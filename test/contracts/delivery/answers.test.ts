import { expect, test } from 'vitest';
import type { Reply } from '../doors/send.js';
import {
  allInvalid,
  bulks,
  counters,
  DATABASE_DIED,
  GIF,
  gaps,
  MINUTE,
  NO_ANSWER,
  NOT_COUNTED,
  NOT_SENT,
  openFour,
  PAGE,
  putAll,
  ROLLED_BACK,
  SECOND,
  text,
  tracked,
} from './support.js';

const COUNTERS = '{"status":"success","tracked":3,"invalid":1}';
/** Counters of something else: they do not add up to what was sent. */
const OTHERS = '{"status":"success","tracked":9,"invalid":0}';
const NOTICE = '<br />\n<b>Deprecated</b>:  x is {"a":{}} in <b>/m</b> on line <b>3</b><br />\n';
const FATAL = '<br />\n<b>Fatal error</b>:  x in <b>/m</b> on line <b>3</b><br />\n';
const statuses = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => [`${from + i}`, text(from + i)] as const);

/** Answers to a bulk of four hits. */
const ANSWERS: readonly (readonly [name: string, answer: Reply])[] = [
  ['all tracked', counters(4)],
  ['two neither tracked nor invalid', counters(1, 1)],
  ['more tracked than were sent', counters(5, 2)],
  ['counters with 202', { ...counters(3, 1), status: 202 }],
  ['counters with spaces', text(200, COUNTERS.replace(/[:{,]/g, ' $& '))],
  ['counters of a super user', counters(3, 1, [2])],
  ['debug output around', text(200, `DEBUG: a {}\n${COUNTERS}\nDEBUG: b`)],
  ['a fatal error after', text(200, COUNTERS + FATAL)],
  ['other counters before', text(200, OTHERS + COUNTERS)],
  ['other counters after', text(200, COUNTERS + OTHERS)],
  ['indices that are cut off', text(200, COUNTERS.replace('}', ',"invalid_indices":[2'))],
  ['counters and 500', text(500, COUNTERS)],
  ['counters and 502', text(502, COUNTERS)],
  ['no hit counted', NOT_COUNTED],
  ['no valid hit', counters(0, 4)],
  ['no valid hit, of a super user', counters(0, 4, [0, 1, 2, 3])],
  ['rolled back', ROLLED_BACK],
  ['rolled back with 200', text(200, '{"status":"error","tracked":4,"invalid":0}')],
  ['an SQL state', DATABASE_DIED],
  ['an SQL state behind a message', text(200, NOTICE + DATABASE_DIED.body)],
  ['a page', PAGE],
  ['a page with 202', text(202, '<html>', 'Text/HTML; charset=utf-8')],
  ['a page with a message of PHP', text(200, `${NOTICE}<!DOCTYPE html><html>`)],
  ['a page about SQL states', text(200, '<html>x Error:SQLSTATE')],
  ['a fatal error of PHP', text(200, `DEBUG: a\n${FATAL}`)],
  ['counters that are cut off', text(200, COUNTERS.slice(0, -3))],
  ['counters in JSON', text(200, JSON.stringify({ body: COUNTERS }), 'application/json')],
  ['debug output', text(200, 'DEBUG: Visit is known\n', 'text/plain')],
  ['a message of PHP', text(200, NOTICE)],
  ['OK of a load balancer', text(200, 'OK', 'text/plain')],
  ['202 with a text', text(202, 'queued', 'text/plain')],
  ['an image', { ...GIF, body: 'x' }],
  ['an image under another type', { ...GIF, contentType: 'text/html' }],
  ['204', text(204)],
  ['an empty body', text(200)],
  ['a redirect', { ...text(302), location: 'https://other.example/' }],
  ['no connection', NOT_SENT],
  ['a lost connection', NO_ANSWER],
  ...statuses(300, 308),
  ...statuses(400, 431),
  ['499', text(499)],
  ...statuses(500, 511),
  ['599', text(599)],
];

/** What is sent, with waits in between, what was counted and logged: of two bulks, of which the first one gets this answer. */
async function record(
  answer: Reply,
  before: readonly Reply[],
  tokenAuth?: string,
): Promise<string> {
  const sender = openFour([...before, answer, tracked], { options: { tokenAuth } });
  for (const _ of before) putAll(sender, 'wxyz');
  await sender.advance(SECOND);
  putAll(sender, 'abcdefgh');
  await sender.advance(4 * MINUTE);
  const sent = bulks(sender).slice(before.length);
  const waits = ['', ...gaps(sender).slice(before.length)].map((gap) =>
    Number(gap) < 100 ? '' : `${Number(gap) / SECOND} s `,
  );
  const { lost, ...counts } = sender.counts();
  const all = Object.entries({ ...counts, ...lost, tracked: counts.tracked - 4 * before.length });
  const shown = all.filter(([, count]) => count > 0).map(([name, count]) => `${name} ${count}`);
  const codes = [...new Set(sender.codes())].sort();
  return [...sent.map((names, i) => waits[i] + names), '|', ...shown, '|', ...codes].join(' ');
}

/** The file is the specification: read what has changed in it. */
test('what becomes of hits, by the answer', async () => {
  const namesOf = new Map<string, string[]>();
  for (const [name, answer] of ANSWERS) {
    const first = await record(answer, []);
    const later = await record(answer, [tracked]);
    const withToken = await record(answer, [tracked], 't');
    const isSame = first === later && first === withToken;
    const result = isSame
      ? [`always: ${first}`]
      : [`at first: ${first}`, `later: ${later}`, `later, with a token: ${withToken}`];
    const key = result.map((line) => `  ${line}\n`).join('');
    namesOf.set(key, [...(namesOf.get(key) ?? []), name]);
  }
  const blocks = [...namesOf].map(([result, names]) => `${names.join(', ')}\n${result}`);
  await expect(blocks.join('\n')).toMatchFileSnapshot('answers.txt');
});

test('a hit that is too large alone is lost as too_large, and the others are tracked', async () => {
  const sender = openFour(({ names }) =>
    names.length > 2 || names.includes('c') ? text(413) : counters(names.length),
  );
  putAll(sender, 'abcdefgh');
  await sender.advance(MINUTE);
  expect(bulks(sender)).toEqual(['abcd', 'ab', 'cd', 'c', 'd', 'efgh', 'ef', 'gh']);
  expect(sender.counts()).toMatchObject({
    pending: 0,
    tracked: 7,
    lost: { too_large: 1 },
    resent: 0,
  });
  expect(sender.codes()).toEqual(['too-large']);
});

test('no line contains the token, whatever the server repeats', async () => {
  for (const answer of [
    { ...text(302), location: 'https://u:s3cret@m.example/s3cret/login?token_auth=s3cret' },
    { ...text(302), location: 'https://u:s3cret?s3cret@m.example/' },
    { ...text(302), location: 'https:u:s3cret@m.example/' },
    { ...text(401), authenticate: 's3cret' },
    text(200, 'x', 'text/s3cret'),
    text(200, 'Error:SQLSTATE[s3cret]', 'text/plain'),
    allInvalid,
  ]) {
    const sender = openFour(answer, { options: { tokenAuth: 's3cret' } });
    putAll(sender, 'abcd');
    await sender.advance(MINUTE);
    await sender.shutdown(SECOND);
    expect(sender.codes().length).toBeGreaterThan(0);
    expect(sender.hasLogged('s3cret')).toBe(false);
    expect(sender.requests()[0]).toMatchObject({ token: 's3cret' });
  }
});
