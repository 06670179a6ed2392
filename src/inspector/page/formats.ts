const NUMBER = new Intl.NumberFormat('en');
const TIME = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

export function formatNumber(value: number): string {
  return NUMBER.format(value);
}

export function formatTime(epochMillis: number): string {
  return TIME.format(epochMillis);
}

/** `1 hit`, `1,204 hits`. */
export function formatCount(count: number, what: string): string {
  return `${formatNumber(count)} ${what}${count === 1 ? '' : 's'}`;
}

/** Long IDs by both of their ends. */
export function formatVisitor(id: string): string {
  return id.length > 18 ? `${id.slice(0, 8)}…${id.slice(-6)}` : id;
}
