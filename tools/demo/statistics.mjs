// Computes what the screen shows from what was stored. Pure.

const CLIENT_LEFT = 499;
/** Matomo's page load time is the sum of these columns. */
const LOAD_TIME = [
  'time_network',
  'time_server',
  'time_transfer',
  'time_dom_processing',
  'time_dom_completion',
  'time_on_load',
];

/** Titles, statuses and times of the rows that Matomo would store. */
export function readHits(hits) {
  return hits
    .filter(({ stored }) => stored?.type === 'page')
    .map(({ stored, status }) => ({
      title: stored.title,
      status,
      millis: LOAD_TIME.reduce((sum, column) => sum + (stored[column] ?? 0), 0),
    }));
}

/** The same as the clients saw it, for a Matomo whose database cannot be read. */
export function readAnswers(answers) {
  return answers
    .filter(({ step }) => step.title !== undefined && !step.isChatbot)
    .map(({ step, status, millis }) => ({ title: step.title, status, millis: Math.round(millis) }));
}

/** One row per AI chatbot, from what Matomo stores of its requests. */
export function toChatbots(aiRequests) {
  return [...groupBy(aiRequests, ({ name }) => name)].map(([name, rows]) => ({
    name,
    requests: rows.length,
    broken: rows.filter(({ statusCode }) => statusCode >= 400).length,
    bytes: Math.round(rows.reduce((sum, { bytes = 0 }) => sum + bytes, 0) / rows.length),
    ...toPercentiles(rows.map(({ millis }) => millis)),
  }));
}

/** One row per title, the most requested first. */
export function toEndpoints(requests) {
  const rows = [...groupBy(requests, ({ title }) => title)].map(([title, ofTitle]) => ({
    title,
    requests: ofTitle.length,
    ok: countStatus(ofTitle, (status) => status < 400),
    clientErrors: countStatus(ofTitle, (status) => status >= 400 && status < CLIENT_LEFT),
    left: countStatus(ofTitle, (status) => status === CLIENT_LEFT),
    serverErrors: countStatus(ofTitle, (status) => status >= 500),
    ...toPercentiles(ofTitle.map(({ millis }) => millis)),
  }));
  return rows.sort((a, b) => b.requests - a.requests || byName(a.title, b.title));
}

/** Times of the steps of a request, under the application's names for them. */
export function toTimings(hits, names) {
  return Object.entries(names).flatMap(([name, key]) => {
    const timed = hits.filter(({ params }) => params[key] !== undefined);
    if (timed.length === 0) return [];
    const millis = timed.map(({ params }) => Number(params[key]));
    return [{ name, key, title: timed[0].stored?.title, ...toPercentiles(millis) }];
  });
}

/** Visitors, languages and referrers in the hits. */
export function toAudience(hits) {
  const known = (values) => [...new Set(values.filter(Boolean))].sort(byName);
  return {
    visitors: known(hits.map(({ params }) => params.cid)).length,
    languages: known(hits.map(({ params }) => params.lang?.split(/[-,;]/)[0])),
    referrers: known(hits.map(({ params }) => params.urlref && new URL(params.urlref).hostname)),
  };
}

/** Hits other than page views. */
export function toExtras(hits) {
  const orders = hits.filter(({ params }) => params.ec_id !== undefined);
  return {
    orders: orders.length,
    revenue: orders.reduce((sum, { params }) => sum + Number(params.revenue), 0),
    events: hits.filter(({ stored }) => stored?.type === 'event').length,
  };
}

/** Compares what was sent with what was stored, title by title, so that a duplicate cannot hide a loss. */
export function toBalance(steps, requests) {
  const expected = groupBy(
    steps.filter(({ title }) => title !== undefined),
    ({ title }) => title,
  );
  const stored = groupBy(requests, ({ title }) => title);
  let missing = 0;
  let surplus = 0;
  for (const title of new Set([...expected.keys(), ...stored.keys()])) {
    const difference = (expected.get(title)?.length ?? 0) - (stored.get(title)?.length ?? 0);
    if (difference > 0) missing += difference;
    else surplus -= difference;
  }
  const ignored = steps.filter(({ title }) => title === undefined).length;
  return { sent: steps.length, tracked: requests.length, ignored, missing, surplus };
}

/** How many requests make no hit, by what they are. */
export function toIgnored(steps) {
  const ignored = steps.filter(({ ignoredAs }) => ignoredAs !== undefined);
  return [...groupBy(ignored, ({ ignoredAs }) => ignoredAs)].map(([name, rows]) => ({
    name,
    requests: rows.length,
  }));
}

/** Nearest rank: always a time that a request took. */
function percentile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
}

function byName(a, b) {
  return a.localeCompare(b);
}

function toPercentiles(values) {
  return { p50: percentile(values, 50), p95: percentile(values, 95) };
}

function countStatus(requests, matches) {
  return requests.filter(({ status }) => matches(status)).length;
}

function groupBy(items, toKey) {
  const groups = new Map();
  for (const item of items) {
    const key = toKey(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
