import { hash } from 'node:crypto';

const RANGE = 2 ** 32;

/**
 * Whether a visitor is in the sample: the first 32 bits of the SHA-256 of its name, as a share of all values. Processes with the same
 * rate and the same name get the same result.
 */
export function isInSample(name: string, rate: number): boolean {
  return rate >= 1 || Number.parseInt(hash('sha256', name, 'hex').slice(0, 8), 16) < rate * RANGE;
}
