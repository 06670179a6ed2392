import { byId, element, formatNumber, setText } from './elements.js';
import { classOf, type HeldHits } from './held-hits.js';

/**
 * Shows the number of hits by verdict and by status, independent of the filter. Each number is a button. A click passes its condition to `onChoose`,
 * which adds it to the filter, or removes it.
 */
export function createTotals(onChoose: (condition: string) => void) {
  const totals = [...byId('totals').querySelectorAll('button')].map((button) => {
    const { condition = '' } = button.dataset;
    const count = element('b');
    button.append(count, ` ${condition.replace(/^.*:/, '')}`);
    button.addEventListener('click', () => onChoose(condition));
    return { condition, count, button };
  });

  return {
    render(held: HeldHits, filter: string): void {
      const counts = new Map<string, number>();
      for (const one of held.all()) {
        for (const condition of [`verdict:${one.hit.verdict}`, `status:${classOf(one)}xx`])
          counts.set(condition, (counts.get(condition) ?? 0) + 1);
      }
      for (const { condition, count, button } of totals) {
        setText(count, formatNumber(counts.get(condition) ?? 0));
        button.setAttribute('aria-pressed', String(filter.split(' ').includes(condition)));
      }
    },
  };
}
