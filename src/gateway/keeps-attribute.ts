import type { SpanReading } from '../requests/request-record.js';

/** Which attributes count on spans that are no server spans. */
export function createKeepsAttribute({
  userIdAttribute,
}: Pick<SpanReading, 'userIdAttribute'>): (name: string) => boolean {
  return (name) => name.startsWith('matomo.') || name === userIdAttribute || name === 'error.type';
}
