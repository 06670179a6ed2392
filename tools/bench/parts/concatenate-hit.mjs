import { createHash } from 'node:crypto';

const visitorIds = new Map();

/** The hit of a request, straight down: what one would write for this one set of fields, without any option. */
export function concatenateHit(request) {
  const { method, userAgent, address } = request;
  const variables = `{"1":["http_status_code","${request.statusCode}"],"2":["http_method","${method}"]}`;
  const query =
    `?idsite=1&rec=1&apiv=1&bots=1` +
    `&action_name=${encodeURIComponent(`${method} ${request.route}`)}` +
    `&url=${encodeURIComponent(`${request.scheme}://${request.host}${request.path}?${request.query}`)}` +
    `&urlref=${encodeURIComponent(request.referrer)}` +
    `&ua=${encodeURIComponent(userAgent)}` +
    `&lang=${encodeURIComponent(request.acceptLanguage)}` +
    `&cdt=${Math.floor(request.startMillis / 1000)}` +
    `&cip=${address}` +
    `&gt_ms=${request.durationMillis}&pf_srv=${request.durationMillis}` +
    `&cvar=${encodeURIComponent(variables)}` +
    `&cid=${visitorIdOf(address, userAgent)}`;
  return Buffer.from(query, 'latin1');
}

function visitorIdOf(address, userAgent) {
  const caller = address + userAgent;
  let id = visitorIds.get(caller);
  if (id === undefined) {
    id = createHash('sha256').update(caller).digest('hex').slice(0, 16);
    visitorIds.set(caller, id);
  }
  return id;
}
