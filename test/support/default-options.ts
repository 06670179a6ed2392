import type { ResolvedOptions } from '../../src/options/option-table.js';
import { OPTIONS } from '../../src/options/option-table.js';

/** All options that have a default, as resolved. Tests override what they are about. */
export const DEFAULT_OPTIONS: Omit<ResolvedOptions, 'url' | 'siteId'> = Object.fromEntries(
  Object.entries(OPTIONS).map(([name, declaration]) => [name, declaration.default]),
) as never;
