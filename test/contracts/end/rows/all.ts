import { EXITS, OWN_SIGNALS } from './exits.js';
import { HANDLERS } from './handlers.js';
import { PROCESSES } from './processes.js';
import type { TableRow } from './row.js';
import { SIGNALS } from './signals.js';

/** All rows but those of packages that a test installs. */
export const ALL: readonly TableRow[] = [
  ...EXITS,
  ...OWN_SIGNALS,
  ...SIGNALS,
  ...HANDLERS,
  ...PROCESSES,
];
