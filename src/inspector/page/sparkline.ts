const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 20;
const BAR = 2;

/** A bar chart of arrivals per second. */
export interface Sparkline {
  readonly node: Element;
  update(perSecond: readonly number[]): void;
}

export function createSparkline(seconds: number): Sparkline {
  const node = document.createElementNS(SVG, 'svg');
  const bars = document.createElementNS(SVG, 'path');
  const base = document.createElementNS(SVG, 'path');
  node.setAttribute('class', 'sparkline');
  node.setAttribute('viewBox', `0 0 ${seconds * BAR} ${HEIGHT}`);
  node.setAttribute('preserveAspectRatio', 'none');
  node.setAttribute('role', 'img');
  base.setAttribute('class', 'base');
  base.setAttribute('d', `M0 ${HEIGHT - 0.5}h${seconds * BAR}`);
  node.append(base, bars);
  let drawn: string | undefined;
  return {
    node,
    update(perSecond) {
      const most = Math.max(...perSecond);
      const path = perSecond
        .map((count, i) => {
          const height = count === 0 ? 0 : Math.max(1.5, (count / most) * (HEIGHT - 1));
          const x = i * BAR + BAR / 2;
          return count === 0 ? '' : `M${x} ${HEIGHT}v${-height.toFixed(1)}`;
        })
        .join('');
      if (path === drawn) return;
      drawn = path;
      bars.setAttribute('d', path);
      node.setAttribute('aria-label', `at most ${most} per second in the last minute`);
    },
  };
}
