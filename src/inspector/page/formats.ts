const NUMBER = new Intl.NumberFormat('en');
const TIME = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

export function formatNumber(value: number): string {
  return NUMBER.format(value);
}

export function formatTime(epochMillis: number): string {
  return TIME.format(epochMillis);
}

/** Formats a count, such as `1 hit` or `1,204 hits`. */
export function formatCount(count: number, what: string): string {
  return `${formatNumber(count)} ${what}${count === 1 ? '' : 's'}`;
}

/** Shortens a long ID to its beginning and end. */
export function formatVisitor(id: string): string {
  return id.length > 18 ? `${id.slice(0, 8)}…${id.slice(-6)}` : id;
}
