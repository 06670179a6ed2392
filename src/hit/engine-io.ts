/** Whether a query is of Engine.IO's transport by polling, as socket.io uses it: then the rest of a path depends on a setting. */
export function isPolling(query = ''): boolean {
  return query.includes('transport=polling') && /(?:^|&)EIO=/.test(query);
}

/** Whether such a request continues a session. The first one, the handshake, has no session ID. */
export function isPollingSession(query = ''): boolean {
  return isPolling(query) && /(?:^|&)sid=/.test(query);
}

/** The query without the time that keeps caches from answering: it differs in every request. */
export function withoutTimestamp(query: string): string {
  return query.replace(/^t=[^&]*&|&t=[^&]*/, '');
}
