import type { InCode } from './options/option.js';
import type { OPTIONS } from './options/option-table.js';

/**
 * What can be configured, in code or by environment variables; code wins. The variable of `maxQueueSize` is `MATOMO_MAX_QUEUE_SIZE`;
 * `Millis` is no part of a variable's name. An invalid value in code throws a `TypeError` that names option and value. An invalid
 * environment variable logs one error and the default is used; if it belongs to an option that protects data, nothing is tracked
 * instead. Callbacks get the request after it has ended. If one throws, one warning is logged and the result counts as `undefined`.
 *
 * @example new MatomoSpanProcessor({ url: 'https://matomo.example.org', siteId: 1, trustProxy: 1, query: 'strip' });
 */
export interface MatomoOptions extends InCode<typeof OPTIONS> {}

/** How a client without a user ID is recognized, see {@link MatomoOptions.visitorId}. */
export type VisitorId = NonNullable<MatomoOptions['visitorId']>;
