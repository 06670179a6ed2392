import type { Verdict } from '../inspected-hit.js';
import { byId, element, formatCount, formatNumber, setText } from './elements.js';
import { classOf, type HeldHits } from './held-hits.js';

const VERDICTS: Readonly<Record<Verdict, string>> = {
  tracked: 'processed by Matomo',
  dropped: 'answered like a tracked hit, but not stored',
  invalid: 'counted as invalid by Matomo',
  refused: 'answered with an error; no hit of its bulk is stored',
  ai_chatbot: 'stored for the AI chatbot reports',
};
const STATUS_CLASSES = [2, 3, 4, 5];
/** Seconds that the chart shows. */
const SECONDS = 60;

/** A button with a number of hits. It adds its condition to the filter, or removes it. */
interface Chip {
  readonly condition: string;
  readonly count: HTMLElement;
  readonly button: HTMLElement;
}

/**
 * Shows the number of hits by verdict and by status, independent of the filter, and their rate. `onChoose` gets a condition for
 * the filter.
 */
export function createTotals(onChoose: (condition: string) => void) {
  const summary = byId('summary', HTMLElement);
  const pace = byId('pace', HTMLElement);
  const drawArrivals = createSparkline();
  /** Numbers of hits by the second of their arrival. */
  const arrivals = new Map<number, number>();
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

  return {
    addArrival: (epochMillis: number) => increase(arrivals, Math.floor(epochMillis / 1000)),
    clear: () => arrivals.clear(),
    render(held: HeldHits, filter: string): void {
      const counts = new Map<string, number>();
      for (const one of held.all()) {
        increase(counts, `verdict:${one.hit.verdict}`);
        increase(counts, `status:${classOf(one)}xx`);
      }
      for (const { condition, count, button } of chips) {
        setText(count, formatNumber(counts.get(condition) ?? 0));
        button.setAttribute('aria-pressed', String(filter.split(' ').includes(condition)));
      }
      const first = Math.floor(Date.now() / 1000) - SECONDS;
      for (const second of arrivals.keys()) if (second < first) arrivals.delete(second);
      const perSecond = Array.from({ length: SECONDS }, (_, i) => arrivals.get(first + i) ?? 0);
      drawArrivals(perSecond);
      const minute = perSecond.reduce((sum, count) => sum + count, 0);
      setText(pace, `${formatNumber(minute)} in the last minute`);
      setText(summary, summarize(held));
    },
  };
}

function increase<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function summarize(held: HeldHits): string {
  const total = held.total();
  const kept = held.all().length;
  if (kept === total) return formatCount(total, 'hit');
  const missed = held.missed();
  const some = missed === 0 ? '' : `, ${formatNumber(missed)} arrived too fast to be shown`;
  return `${formatCount(total, 'hit')}, the latest ${formatNumber(kept)} kept${some}`;
}

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 20;
const BAR = 2;

/** Creates a bar chart of arrivals per second. */
function createSparkline(): (perSecond: readonly number[]) => void {
  const node = document.createElementNS(SVG, 'svg');
  const bars = document.createElementNS(SVG, 'path');
  const base = document.createElementNS(SVG, 'path');
  node.setAttribute('class', 'sparkline');
  node.setAttribute('viewBox', `0 0 ${SECONDS * BAR} ${HEIGHT}`);
  node.setAttribute('preserveAspectRatio', 'none');
  node.setAttribute('role', 'img');
  base.setAttribute('class', 'base');
  base.setAttribute('d', `M0 ${HEIGHT - 0.5}h${SECONDS * BAR}`);
  node.append(base, bars);
  byId('rate', HTMLElement).append(node);
  return (perSecond) => {
    const most = Math.max(...perSecond);
    const path = perSecond.map((count, i) => {
      const height = Math.max(1.5, (count / most) * (HEIGHT - 1));
      return count === 0 ? '' : `M${i * BAR + BAR / 2} ${HEIGHT}v${-height.toFixed(1)}`;
    });
    bars.setAttribute('d', path.join(''));
    node.setAttribute('aria-label', `at most ${most} per second in the last minute`);
  };
}
