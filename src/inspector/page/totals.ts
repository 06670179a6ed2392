import type { Verdict } from '../inspected-hit.js';
import { byId, createSparkline, element, formatCount, formatNumber, setText } from './elements.js';
import type { HeldHit, HeldHits } from './held-hits.js';
import { createRate } from './summary.js';

const MEANINGS: Readonly<Record<Verdict, string>> = {
  tracked: 'processed by Matomo',
  dropped: 'answered like a tracked hit, but not stored',
  invalid: 'counted as invalid by Matomo',
  refused: 'answered with an error; no hit of its bulk is stored',
  ai_chatbot: 'stored for the AI chatbot reports',
  unknown: 'forwarded; the answer does not say',
};
const SECONDS = 60;

/** Shows the number of hits by verdict, independent of the filter, and their rate. */
interface Totals {
  add(held: HeldHit): void;
  remove(held: HeldHit): void;
  clear(): void;
  render(held: HeldHits, filter: string): void;
}

export function createTotals(isForwarding: boolean, onChoose: (verdict: Verdict) => void): Totals {
  const list = byId('totals', HTMLUListElement);
  const summary = byId('summary', HTMLElement);
  const pace = byId('pace', HTMLElement);
  const sparkline = createSparkline(SECONDS);
  byId('rate', HTMLElement).append(sparkline.node);
  let rate = createRate();
  const counts = new Map<Verdict, number>();
  const chips = (Object.keys(MEANINGS) as Verdict[])
    .filter((verdict) => isForwarding || verdict !== 'unknown')
    .map((verdict) => {
      const count = element('span', { class: 'count' }, '0');
      const button = element(
        'button',
        { type: 'button', class: `chip ${verdict}`, title: MEANINGS[verdict] },
        count,
        ` ${verdict}`,
      );
      button.addEventListener('click', () => onChoose(verdict));
      list.append(element('li', {}, button));
      return { verdict, count, button };
    });

  function move({ hit }: HeldHit, by: number): void {
    counts.set(hit.verdict, (counts.get(hit.verdict) ?? 0) + by);
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
      for (const { verdict, count, button } of chips) {
        setText(count, formatNumber(counts.get(verdict) ?? 0));
        const isChosen = filter.split(' ').includes(`verdict:${verdict}`);
        button.setAttribute('aria-pressed', String(isChosen));
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
