import { byId, setText } from './elements.js';
import { formatNumber } from './formats.js';
import type { HitsMessage } from './held-hits.js';

/** Events of the server. */
export interface Listener {
  /** All earlier hits are deleted. */
  readonly onStart: () => void;
  readonly onHits: (message: HitsMessage) => void;
  /** Announces a change to screen readers. */
  readonly announce: (text: string) => void;
}

/** Follows `/events`. `pause` pauses and resumes; hits that the server drops meanwhile are not shown. */
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
    if (isOpen) announce('Connection lost; reconnecting');
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
    announce(isPaused ? 'Paused' : 'Resumed');
    showState();
  }

  function showState(): void {
    const count = waiting.reduce((sum, { hits }) => sum + hits.length, 0);
    const paused = count === 0 ? 'paused' : `paused, ${formatNumber(count)} waiting`;
    setText(state, isPaused ? paused : isOpen ? 'live' : 'not connected');
    state.className = isPaused ? 'paused' : isOpen ? 'live' : 'lost';
  }

  return { pause };
}
