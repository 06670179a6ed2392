/**
 * The result of a hit:
 * - `tracked`: stored in a visit. A ping stores no action.
 * - `ai_chatbot`: stored for the AI chatbot reports, in no visit.
 * - `dropped`: answered like a tracked hit, but not stored (a bot, or `rec` is missing).
 * - `invalid`: counted as `invalid` in a bulk, answered with 400 as a single hit.
 */
export type Verdict = 'tracked' | 'ai_chatbot' | 'invalid' | 'dropped';

/** One hit as it arrived, and what Matomo would store of it. */
export interface InspectedHit {
  /** Time of arrival in epoch milliseconds. */
  readonly received: number;
  /** The parameters that were sent, decoded. Lists and objects are JSON. The value of `token_auth` is hidden. */
  readonly params: Readonly<Record<string, string>>;
  readonly verdict: Verdict;
  /** The reason for which no action is stored. */
  readonly reason?: string;
  /** The reasons for which Matomo drops dimensions and custom variables of a stored hit, by parameter. */
  readonly droppedParameters?: Readonly<Record<string, string>>;
  /** The sender of the hit: the name of the AI chatbot, the user ID, the visitor ID, or the address. */
  readonly visitor?: string;
  /** Status of the response: in a custom variable, as `http_status`, or in dimension 2, which `setup` uses for it. */
  readonly status?: number;
  /** Page load time in milliseconds: the sum of all timings, as Matomo computes it. */
  readonly millis?: number;
  /** What Matomo stores; null if it stores no action. */
  readonly stored: StoredAction | null;
}

/** An action or a conversion as Matomo stores it. */
export interface StoredAction {
  readonly type:
    | 'page'
    | 'event'
    | 'search'
    | 'download'
    | 'link'
    | 'content'
    | 'goal'
    | 'order'
    | 'cart';
  /** Title of a page, keyword of a search, category, action and name of an event, name of a content, or the goal or order. */
  readonly title?: string;
  /** URL without the fragment, and without the parameters that Matomo removes, such as `utm_source`. */
  readonly url?: string;
  /** Time of the request in epoch milliseconds. */
  readonly time: number;
}
