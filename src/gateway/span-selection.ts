import { remember } from '../hit/remember.js';
import type { SpanReading } from '../requests/request-record.js';

/** What counts of the spans that come. */
export interface SpanSelection {
  /** Attributes that count on spans which are no server spans. */
  keepsAttribute(name: string): boolean;
  /** Whether anything of a service counts. */
  takesService(name: string): boolean;
  /** Whether SERVER spans of an instrumentation scope are requests; what is not is the way to other spans all the same. */
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
  return {
    keepsAttribute: (name) =>
      name.startsWith('matomo.') || name === userIdAttribute || name === 'error.type',
    takesService: isAmong(services),
    takesScope: isAmong(scopes),
  };
}

/** Where none are named, all are. */
function isAmong(names: Names | undefined): (name: string) => boolean {
  if (!names) return () => true;
  return remember((name: string) =>
    names.some((wanted) => (typeof wanted === 'string' ? wanted === name : wanted.test(name))),
  );
}
