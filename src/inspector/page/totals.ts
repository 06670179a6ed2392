import { byId, element, formatNumber, setText } from './elements.js';
import { classOf, type HeldHits } from './held-hits.js';

/** Seconds that the chart shows. */
const SECONDS = 60;
/** Of the chart, in units of its `viewBox`. */
const HEIGHT = 20;
const BAR = 2;

/**
 * Shows the number of hits by verdict and by status, independent of the filter, and their rate. Each number is a button that adds its
 * condition to the filter, or removes it: `onChoose`.
 */
export function createTotals(onChoose: (condition: string) => void) {
  /** Numbers of hits by the second of their arrival. */
  const arrivals = new Map<number, number>();
  const totals = [...byId('totals').querySelectorAll('button')].map((button) => {
    const { condition = '' } = button.dataset;
    const count = element('b');
    button.append(count, ` ${condition.replace(/^.*:/, '')}`);
    button.addEventListener('click', () => onChoose(condition));
    return { condition, count, button };
  });

  function drawRate(): void {
    const first = Math.floor(Date.now() / 1000) - SECONDS;
    for (const second of arrivals.keys()) if (second < first) arrivals.delete(second);
    const perSecond = Array.from({ length: SECONDS }, (_, i) => arrivals.get(first + i) ?? 0);
    const most = Math.max(...perSecond);
    const path = perSecond.map((count, i) => {
      const height = Math.max(1.5, (count / most) * (HEIGHT - 1));
      return count === 0 ? '' : `M${i * BAR + BAR / 2} ${HEIGHT}v${-height.toFixed(1)}`;
    });
    byId('bars').setAttribute('d', path.join(''));
    const label = `at most ${most} per second in the last minute`;
    byId('rate').setAttribute('aria-label', label);
    const minute = perSecond.reduce((sum, count) => sum + count, 0);
    setText(byId('pace'), `${formatNumber(minute)} in the last minute`);
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
      for (const { condition, count, button } of totals) {
        setText(count, formatNumber(counts.get(condition) ?? 0));
        button.setAttribute('aria-pressed', String(filter.split(' ').includes(condition)));
      }
      drawRate();
    },
  };
}

function increase<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
