import { memoize } from '../../common/generation-cache.js';
import { OPERATION_ATTRIBUTES } from '../../requests/operations/index.js';
import { ROUTE_BELOW_ATTRIBUTES } from '../../requests/routes/index.js';
import type { SpanReading } from '../../requests/span-annotations.js';

/** Which spans and attributes are used. */
export interface SpanSelection {
  /** Whether an attribute is kept of spans other than server spans. */
  keepsAttribute(name: string): boolean;
  /** Whether the name of any of these begins with this byte, which is cheap to check first. */
  mayKeep(byte: number | undefined): boolean;
  /** Whether spans of a service are used. */
  takesService(name: string): boolean;
  /** Whether SERVER spans of an instrumentation scope are requests. If not, they still link other spans to their request. */
  takesScope(name: string): boolean;
}

/** Whole names, and regular expressions that are tested anywhere in a name. */
export type Names = readonly (string | RegExp)[];

export function createSelection(
  {
    services,
    scopes,
  }: { readonly services?: Names | undefined; readonly scopes?: Names | undefined },
  { userIdAttribute }: Pick<SpanReading, 'userIdAttribute'>,
): SpanSelection {
  const names = [
    'error.type',
    ...ROUTE_BELOW_ATTRIBUTES,
    ...OPERATION_ATTRIBUTES,
    ...(userIdAttribute === undefined ? [] : [userIdAttribute]),
  ];
  const kept = new Set(names);
  const beginnings = new Set(names.map((name) => Buffer.from(name)[0]));
  return {
    keepsAttribute: (name) => name.startsWith('matomo.') || kept.has(name),
    mayKeep: (byte) => beginnings.has(byte),
    takesService: isAmong(services),
    takesScope: isAmong(scopes),
  };
}

/** Without names, every name is selected. */
function isAmong(names: Names | undefined): (name: string) => boolean {
  if (!names) return () => true;
  return memoize((name: string) =>
    names.some((wanted) => (typeof wanted === 'string' ? wanted === name : wanted.test(name))),
  );
}
