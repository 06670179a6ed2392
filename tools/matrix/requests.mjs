import { request } from 'node:http';

const USER_AGENT = 'matrix/1.0 (what a client says)';
const LANGUAGE = 'pt-BR,pt;q=0.8';
/** What every client sends. */
export const HEADERS = { 'user-agent': USER_AGENT, 'accept-language': LANGUAGE };

/**
 * What every application of the matrix is asked. `route` is what a title has where the framework's route is
 * known.
 */
export const REQUESTS = [
  { method: 'GET', path: '/users/ann?tab=a%20b', status: 200, route: '/users/:id' },
  { method: 'POST', path: '/orders', status: 201, route: '/orders' },
  { method: 'GET', path: '/fails', status: 500, route: '/fails' },
  { method: 'GET', path: '/nothing/here', status: 404, route: 'Not Found' },
];

/** One after the other, each on a connection of its own; resolves to their statuses. */
export async function sendRequests(url, requests) {
  const statuses = [];
  for (const { path, ...wanted } of requests) statuses.push(await send(url + path, wanted));
  return statuses;
}

/** A `body`, `null` for none, is sent as JSON. */
function send(url, { method, body }) {
  return new Promise((resolve, reject) => {
    const headers = { ...HEADERS };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const options = { method, headers, agent: false, timeout: 60_000 };
    const outgoing = request(url, options, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer to ${method} ${url}`)));
    outgoing.once('error', reject).end(body ? JSON.stringify(body) : undefined);
  });
}

/**
 * The lines that the hits of `requests` read as, with `overrides` of titles by path where a setup cannot know
 * better. A request may name its title, its URL, the values of its dimensions from the first one on, and, as a text that may be empty,
 * the class of its error. One that `isIgnored` makes no hit.
 */
export function expectedHits(requests, titles = {}) {
  return requests
    .filter(({ isIgnored }) => !isIgnored)
    .map(({ method, path, route, url = path, ...wanted }) => {
      const title = titles[path.split('?')[0]] ?? `${method} ${route}`;
      return line({ title, url, ua: USER_AGENT, lang: LANGUAGE, ...wanted });
    })
    .toSorted();
}

/** Hits as lines that can be compared: delivery orders them by visitor and second, not by arrival. */
export function readHits(hits, requests = REQUESTS) {
  const hasErrors = requests.some(({ error }) => error !== undefined);
  const count = Math.max(0, ...requests.map(({ dimensions = [] }) => dimensions.length));
  return hits
    .map(({ params, stored, verdict, status }) => {
      if (verdict !== 'tracked' || !stored) return `not stored: ${verdict}`;
      const { pathname, search } = new URL(params.url);
      const [, , error = ''] = Object.values(JSON.parse(params.cvar ?? '{}'));
      return line({
        title: stored.title,
        status: status && String(status),
        url: pathname + search,
        ua: params.ua,
        lang: params.lang,
        error: hasErrors ? (error[1] ?? '') : undefined,
        dimensions: Array.from({ length: count }, (_, index) => params[`dimension${index + 1}`]),
      });
    })
    .toSorted();
}

function line({ title, status, url, ua, lang, error, dimensions = [] }) {
  const given = dimensions.flatMap((value, index) => (value ? [`${index + 1}=${value}`] : []));
  const ends = [...(error === undefined ? [] : [error]), ...given];
  return [title, status, url, ua, lang, ...ends].join(' | ');
}
