import { byId, setText } from './elements.js';
import { formatNumber } from './formats.js';
import type { HitsMessage } from './held-hits.js';

/** What comes from the server. */
export interface Listener {
  /** All before is forgotten. */
  readonly onStart: () => void;
  readonly onHits: (message: HitsMessage) => void;
  /** Says a change to who cannot see it. */
  readonly announce: (text: string) => void;
}

/** Follows `/events`. `pause` has hits wait, or come again; what the server has forgotten waits no longer. */
export function connect({ onStart, onHits, announce }: Listener): { pause(): void } {
  const state = byId('state', HTMLElement);
  const button = byId('pause', HTMLButtonElement);
  let isOpen = false;
  let isPaused = false;
  let waiting: HitsMessage[] = [];

  const events = new EventSource('/events');
  events.addEventListener('open', () => {
    isOpen = true;
    showState();
  });
  events.addEventListener('error', () => {
    if (isOpen) announce('The connection is lost; trying again');
    isOpen = false;
    showState();
  });
  events.addEventListener('start', () => {
    waiting = [];
    onStart();
    showState();
  });
  events.addEventListener('hits', ({ data }) => {
    const message = JSON.parse(data) as HitsMessage;
    if (!isPaused) return onHits(message);
    waiting.push(message);
    waiting = waiting.filter(({ first, hits }) => first + hits.length > message.oldest);
    showState();
  });

  function pause(): void {
    isPaused = !isPaused;
    button.setAttribute('aria-pressed', String(isPaused));
    for (const message of waiting) onHits(message);
    waiting = [];
    announce(isPaused ? 'Paused' : 'Live again');
    showState();
  }

  function showState(): void {
    const count = waiting.reduce((sum, { hits }) => sum + hits.length, 0);
    const paused = count === 0 ? 'paused' : `paused, ${formatNumber(count)} wait`;
    setText(state, isPaused ? paused : isOpen ? 'live' : 'not connected');
    state.className = isPaused ? 'paused' : isOpen ? 'live' : 'lost';
  }

  return { pause };
}
