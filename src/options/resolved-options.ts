import type { ResolvedValues } from './declaration.js';
import type { OPTIONS } from './option-table.js';

/** Which requests are recorded for Matomo although the application's sampler drops them. */
export type RecordOption = ResolvedOptions['record'];

/** Options after parsing, with defaults, and what is derived from them. */
export interface ResolvedOptions extends ResolvedValues<typeof OPTIONS> {
  /** Set if the token came from a file. */
  readonly rereadToken?: (() => string | undefined) | undefined;
  /** Whether `cip` is never the client's address. */
  readonly hidesAddress?: boolean | undefined;
  /** Whether no user ID is sent, except for those of the option `userId`. */
  readonly hidesOtherUserIds?: boolean | undefined;
}
