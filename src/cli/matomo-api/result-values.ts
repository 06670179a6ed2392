import { unescapeHtml } from '../../inspector/rules/stored-text.js';
import type { ApiResult } from './api-answer.js';

type ApiObject = Readonly<Record<string, unknown>>;

/** The value of a result that Matomo wraps in an object. */
export function unwrap(result: ApiResult | undefined): unknown {
  return objectOf(result).value;
}

/** The text of a wrapped result; `undefined` if it is not text. */
export function readText(result: ApiResult | undefined): string | undefined {
  const value = unwrap(result);
  return typeof value === 'string' ? value : undefined;
}

export function objectOf(result: ApiResult | undefined): ApiObject {
  if (result?.kind !== 'value') return {};
  return (result.value ?? {}) as ApiObject;
}

/** Elements of a list, which Matomo sends as an object if its keys have gaps; empty if the call was refused. */
export function listOf(result: ApiResult | undefined): ApiObject[] {
  if (result?.kind !== 'value' || typeof result.value !== 'object') return [];
  return Object.values(result.value ?? {});
}

export function readName({ name }: ApiObject): string {
  return unescapeHtml(String(name ?? ''));
}

/** Matomo 4 sends booleans as numbers or text. */
export function isTrue(value: unknown): boolean {
  return value === true || Number(value) === 1;
}
