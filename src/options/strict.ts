import { coded } from '../common/messages.js';
import type { ResolvedOptions } from './resolved-options.js';

/** What `privacy: 'strict'` sets, besides never sending addresses and user IDs. */
const STRICT: Partial<ResolvedOptions> = {
  anonymizeIp: 4,
  visitorKey: 'daily',
  query: 'strip',
  urlPaths: 'template',
  referrers: 'origin',
  doNotTrack: true,
  errors: 'off',
};

type Values = Partial<Record<keyof ResolvedOptions, unknown>>;

/** Sets what is not set otherwise. Returns a message if an option that is set has another value. */
export function applyStrict(values: Values): string | undefined {
  values.hidesAddress = values.anonymizeIp === undefined;
  values.hidesUserId = values.userId === undefined;
  const others = values.hidesUserId ? [] : ['userId'];
  for (const [name, strict] of Object.entries(STRICT) as [keyof ResolvedOptions, unknown][]) {
    values[name] ??= strict;
    if (values[name] !== strict) others.push(name);
  }
  if (others.length === 0) return undefined;
  return coded(
    'privacy-not-strict',
    `privacy is strict, but these options are set to other values: ${others.join(', ')}. They win. Remove them unless you need them.`,
  );
}
