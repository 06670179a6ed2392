// Computes what the demo prints from what was sent and stored. Pure.

const HEADS = ['Title', 'requests', '2xx', '4xx', '499', '5xx', 'mean ms'];
const TITLE_WIDTH = 26;

/** Titles, statuses and times of what Matomo would store; the title of a request by an AI chatbot is its name. */
export function readStored(hits) {
  return hits
    .filter(({ verdict, stored }) => verdict === 'ai_chatbot' || stored?.type === 'page')
    .map(({ verdict, visitor, stored, status, millis = 0 }) => ({
      title: verdict === 'ai_chatbot' ? visitor : stored.title,
      status,
      millis,
    }));
}

/** The same as the clients saw it, for a Matomo whose database cannot be read. */
export function readAnswers(answers) {
  const tracked = answers.filter(({ step }) => step.title !== undefined);
  return tracked.map(({ step, status, millis }) => ({ title: step.title, status, millis }));
}

/** A table with a row for each title, the most requested first. */
export function formatRequests(requests) {
  const byTitle = new Map();
  for (const one of requests) byTitle.set(one.title, [...(byTitle.get(one.title) ?? []), one]);
  const rows = [...byTitle].map(([title, ofTitle]) => {
    const count = (matches) => ofTitle.filter(({ status }) => matches(status)).length;
    const millis = ofTitle.reduce((sum, one) => sum + one.millis, 0);
    return [
      title,
      ofTitle.length,
      count((status) => status < 400),
      count((status) => status >= 400 && status < 499),
      count((status) => status === 499),
      count((status) => status >= 500),
      Math.round(millis / ofTitle.length),
    ];
  });
  rows.sort(([one, count], [other, otherCount]) => otherCount - count || one.localeCompare(other));
  return [HEADS, ...rows].map(formatRow).join('\n');
}

function formatRow([title, ...cells]) {
  const padded = cells.map((cell, column) => `${cell}`.padStart(HEADS[column + 1].length + 2));
  return title.padEnd(TITLE_WIDTH) + padded.join('');
}

/** Orders and events among the hits, and what is not tracked. */
export function describeOthers(hits, steps) {
  const orders = hits.filter(({ params }) => params.ec_id !== undefined).length;
  const events = hits.filter(({ stored }) => stored?.type === 'event').length;
  const visitors = new Set(hits.flatMap(({ params }) => params.cid ?? [])).size;
  const ignored = new Set(steps.flatMap(({ ignoredAs }) => ignoredAs ?? []));
  return `${visitors} visitors, ${orders} orders, ${events} events; ignored: ${[...ignored].join(', ')}`;
}

/** Compares what was sent with what was stored, title by title, so that a duplicate cannot hide a loss. */
export function compare(steps, stored) {
  const differences = new Map();
  const add = (title, by) => differences.set(title, (differences.get(title) ?? 0) + by);
  const expected = steps.filter(({ title }) => title !== undefined);
  for (const { title } of expected) add(title, 1);
  for (const { title } of stored) add(title, -1);
  const all = [...differences.values()];
  const missing = all.reduce((sum, difference) => sum + Math.max(0, difference), 0);
  const surplus = all.reduce((sum, difference) => sum + Math.max(0, -difference), 0);
  const ignored = steps.length - expected.length;
  const law = `${steps.length} sent = ${stored.length} tracked + ${ignored} ignored`;
  const tooMany = surplus > 0 ? `, ${surplus} too many` : '';
  return { isRight: missing + surplus === 0, text: `${law}, ${missing} missing${tooMany}` };
}
