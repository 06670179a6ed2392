import { randomBytes } from 'node:crypto';

// The first process that uses a spool stores a description in it: the format, and the URL of the Matomo that gets the hits.

const FORMAT = 1;

/** The spool cannot be used. The message is for the operator. */
export class UnusableSpool extends Error {}

export function describeSpool(url: string): string {
  return JSON.stringify({ format: FORMAT, url });
}

/** Throws an `UnusableSpool` if the description, which is stored as `name`, is not that of the spool for `url`. */
export function requireDescription(description: string, url: string, name: string): void {
  const { format, url: owner } = parseObject(description);
  if (format !== FORMAT || typeof owner !== 'string') {
    throw new UnusableSpool(`this version cannot read its ${name}`);
  }
  if (owner !== url) throw new UnusableSpool(`it belongs to ${owner}`);
}

/** The URL of Matomo in a description; `undefined` if there is none. */
export function matomoOf(description: string): string | undefined {
  const { url } = parseObject(description);
  return typeof url === 'string' ? url : undefined;
}

/** The properties of a JSON object; none if the text is damaged. */
export function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** A new name for a journal of this process. Names sort by the time of opening. */
export function newInstanceName(): string {
  const time = String(Math.max(0, Date.now())).padStart(13, '0');
  return `${time}-${process.pid}-${randomBytes(4).toString('hex')}`;
}

/** Compares names of instances or of their files, oldest first. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}
