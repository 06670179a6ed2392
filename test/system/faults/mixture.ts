import type { IncomingMessage } from 'node:http';
import { findAiChatbot } from '../../../src/hit/bots/bots.js';
import { trackEvent, trackGoal, trackHit, trackOrder } from '../../../src/index.js';
import type { InspectedHit } from '../../../src/inspector/index.js';

const CHATBOT = 'ChatGPT-User/1.0';
const ADDITIONAL: readonly ((path: string, number: number) => void)[] = [
  (path) => trackEvent('Request', path),
  (_path, number) => trackGoal(number + 1, { revenue: 1.5 }),
  (path) => trackOrder({ id: path, revenue: 20, items: [{ sku: 'mug', price: 20 }] }),
  (path) => trackHit({ download: `https://files.example${path}` }),
];

/** The headers of a request: one of five is of an AI chatbot. */
export function headersOf(number: number): Record<string, string> {
  return number % 5 === 4 ? { 'user-agent': CHATBOT } : {};
}

/** Has a request make a hit besides its page view, of each kind in turn; that of an AI chatbot makes none. */
export function trackAdditional({ url = '', headers }: IncomingMessage): void {
  const number = Number(url.split('/').at(-1));
  if (!isChatbot(headers['user-agent'])) ADDITIONAL[number % ADDITIONAL.length]?.(url, number);
}

/** How many hits a request makes with these headers. */
export function hitsOf(path: string, headers: Record<string, string>): number {
  return isChatbot(headers['user-agent']) || Number.isNaN(Number(path.split('/').at(-1))) ? 1 : 2;
}

function isChatbot(userAgent = ''): boolean {
  return findAiChatbot(userAgent) !== undefined;
}

/** What tells a stored hit from all others; `undefined` if it was not stored. */
export function nameOf({
  params,
  stored,
  conversion,
  aiRequest,
}: InspectedHit): string | undefined {
  const { url, e_c, idgoal, download } = params;
  const isStored = stored !== null || conversion !== undefined || aiRequest !== undefined;
  return isStored ? [url, e_c, idgoal, download].join(' ') : undefined;
}

/** Whether a bulk has hits for Matomo's AI chatbot reports, and others. */
export function isMixed(body: string): boolean {
  const chatbots = body.split('&recMode=1').length - 1;
  return chatbots > 0 && chatbots < body.split('?idsite=').length - 1;
}
