import type { Verdict } from '../inspected-hit.js';
import { byId, createSparkline, element, formatCount, formatNumber, setText } from './elements.js';
import { classOf, type HeldHit, type HeldHits } from './held-hits.js';
import { createRate, SECONDS } from './rate.js';

const VERDICTS: Readonly<Record<Verdict, string>> = {
  tracked: 'processed by Matomo',
  dropped: 'answered like a tracked hit, but not stored',
  invalid: 'counted as invalid by Matomo',
  refused: 'answered with an error; no hit of its bulk is stored',
  ai_chatbot: 'stored for the AI chatbot reports',
};
const STATUS_CLASSES = [2, 3, 4, 5];

/** Shows the number of hits by verdict and by status, independent of the filter, and their rate. */
interface Totals {
  add(held: HeldHit): void;
  remove(held: HeldHit): void;
  clear(): void;
  render(held: HeldHits, filter: string): void;
}

/** A button with a number of hits. It adds its condition to the filter, or removes it. */
interface Chip {
  readonly condition: string;
  readonly count: HTMLElement;
  readonly button: HTMLElement;
}

/** `onChoose` gets a condition for the filter. */
export function createTotals(onChoose: (condition: string) => void): Totals {
  const summary = byId('summary', HTMLElement);
  const pace = byId('pace', HTMLElement);
  const sparkline = createSparkline(SECONDS);
  byId('rate', HTMLElement).append(sparkline.node);
  let rate = createRate();
  const counts = new Map<string, number>();
  const chips = [
    ...Object.entries(VERDICTS).map(([verdict, meaning]) =>
      createChip(`verdict:${verdict}`, verdict, meaning),
    ),
    ...STATUS_CLASSES.map((digit) =>
      createChip(`status:${digit}xx`, `s${digit}`, `responses with a status of ${digit}xx`),
    ),
  ];

  function createChip(condition: string, className: string, title: string): Chip {
    const [, label = ''] = condition.split(':');
    const count = element('span', { class: 'count' }, '0');
    const attributes = { type: 'button', class: `chip ${className}`, title };
    const button = element('button', attributes, count, ` ${label}`);
    button.addEventListener('click', () => onChoose(condition));
    byId('totals', HTMLUListElement).append(element('li', {}, button));
    return { condition, count, button };
  }

  function move(held: HeldHit, by: number): void {
    for (const key of [`verdict:${held.hit.verdict}`, `status:${classOf(held)}xx`]) {
      counts.set(key, (counts.get(key) ?? 0) + by);
    }
  }

  return {
    add(held) {
      move(held, 1);
      rate.add(held.hit.received);
    },
    remove: (held) => move(held, -1),
    clear() {
      counts.clear();
      rate = createRate();
    },
    render(held, filter) {
      for (const { condition, count, button } of chips) {
        setText(count, formatNumber(counts.get(condition) ?? 0));
        button.setAttribute('aria-pressed', String(filter.split(' ').includes(condition)));
      }
      const arrivals = rate.perSecond(Date.now());
      sparkline.update(arrivals);
      const minute = arrivals.reduce((sum, count) => sum + count, 0);
      setText(pace, `${formatNumber(minute)} in the last minute`);
      setText(summary, summarize(held));
    },
  };
}

function summarize(held: HeldHits): string {
  const total = held.total();
  const kept = held.all().length;
  if (kept === total) return formatCount(total, 'hit');
  const missed = held.missed();
  const some = missed === 0 ? '' : `, ${formatNumber(missed)} arrived too fast to be shown`;
  return `${formatCount(total, 'hit')}, the latest ${formatNumber(kept)} kept${some}`;
}
