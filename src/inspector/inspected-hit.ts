/**
 * What became of a hit:
 * - `tracked`: processed. Some hits, such as a goal or a ping, store no action.
 * - `ai_chatbot`: stored for the AI chatbot reports, in no visit.
 * - `dropped`: answered like a tracked hit, but not stored (a bot, or `rec` is missing).
 * - `invalid`: counted as `invalid` in a bulk, answered with 400 as a single hit.
 * - `refused`: an error. In a bulk, Matomo answers 500 and rolls back all hits.
 */
export type Verdict = 'tracked' | 'ai_chatbot' | 'invalid' | 'dropped' | 'refused';

/** One hit as it arrived, and what Matomo would store. */
export interface InspectedHit {
  /** Time of arrival in epoch milliseconds. */
  readonly received: number;
  /** The decoded parameters. Lists and objects are JSON; the value of `token_auth` is hidden. */
  readonly params: Record<string, string>;
  readonly verdict: Verdict;
  /** Why it was not stored as it was sent. */
  readonly reason?: string;
  /** Why Matomo drops dimensions and custom variables of a stored hit, by parameter. */
  readonly droppedParameters?: Readonly<Record<string, string>>;
  /** Status of the response as it was sent: in the dimension "HTTP status", in a custom variable, or as `http_status`. */
  readonly status?: number;
  /** The row of `log_link_visit_action` with the names that it refers to; null if none is stored. */
  readonly stored: StoredAction | null;
  /** The row of `log_conversion` with its items, for a goal, an order or a cart. */
  readonly conversion?: Conversion;
  /** The referrer of the visit, if the hit starts it or changes a direct visit to another one. */
  readonly referrer?: Referrer;
  /** The row of `log_bot_request`, for a stored request by an AI chatbot. */
  readonly aiRequest?: AiRequest;
}

/** A stored conversion, order or cart, with Matomo's column names. */
export interface Conversion {
  readonly kind: 'goal' | 'order' | 'cart';
  readonly idsite: number;
  /** Epoch seconds. */
  readonly server_time: number;
  /** 0 for an order, -1 for a cart. */
  readonly idgoal: number;
  readonly idorder?: string;
  /** Missing if Matomo uses the revenue of the goal. */
  readonly revenue?: number;
  readonly revenue_subtotal?: number;
  readonly revenue_tax?: number;
  readonly revenue_shipping?: number;
  readonly revenue_discount?: number;
  /** Number of pieces in an order or a cart. */
  readonly items?: number;
  /** The items of an order or a cart, one for each SKU. */
  readonly lines?: readonly ConversionItem[];
  /** URL of the page on which the goal was converted. */
  readonly url?: string;
}

/**
 * The referrer of a visit, with the column names of `log_visit`. The inspector knows the most common search engines and
 * social networks.
 */
export interface Referrer {
  readonly kind: 'direct' | 'search' | 'website' | 'campaign' | 'social' | 'assistant';
  /** Matomo's number of the kind. */
  readonly referer_type: number;
  /** Search engine, host, campaign, social network or AI assistant. */
  readonly referer_name?: string;
  readonly referer_keyword?: string;
}

/** A row of `log_conversion_item`. */
export interface ConversionItem {
  readonly sku: string;
  readonly name?: string;
  readonly categories: readonly string[];
  readonly price: number;
  readonly quantity: number;
}

/** A stored request by an AI chatbot. Values that Matomo does not know are missing. */
export interface AiRequest {
  readonly site: number;
  /** Epoch seconds. */
  readonly time: number;
  /** Matomo's name of the chatbot, such as `ChatGPT-User`. */
  readonly name: string;
  /** `document` if the hit has a `download`. */
  readonly kind: 'page' | 'document';
  readonly url?: string;
  readonly statusCode?: number;
  readonly bytes?: number;
  readonly millis?: number;
  readonly source?: string;
}

/** The kind of an action; `none` has neither a URL nor a title. */
export type ActionType = 'page' | 'event' | 'search' | 'download' | 'link' | 'content' | 'none';

/** A stored action, with Matomo's column names. Columns that are NULL are missing. */
export interface StoredAction {
  readonly type: ActionType;
  readonly idsite: number;
  /** Epoch seconds. */
  readonly server_time: number;
  readonly url?: string;
  readonly title?: string;
  readonly search?: string;
  readonly search_cat?: string;
  readonly search_count?: number;
  readonly event_category?: string;
  readonly event_action?: string;
  readonly event_name?: string;
  /** The value of an event, `e_v`. */
  readonly custom_float?: number;
  readonly content_name?: string;
  readonly content_piece?: string;
  readonly content_target?: string;
  readonly content_interaction?: string;
  readonly product_sku?: string;
  readonly product_name?: string;
  readonly product_price?: number;
  readonly product_cat?: string;
  readonly product_cat2?: string;
  readonly product_cat3?: string;
  readonly product_cat4?: string;
  readonly product_cat5?: string;
  readonly time_network?: number;
  readonly time_server?: number;
  readonly time_transfer?: number;
  readonly time_dom_processing?: number;
  readonly time_dom_completion?: number;
  readonly time_on_load?: number;
  readonly idpageview?: string;
  readonly [dimension: `custom_dimension_${number}`]: string;
  readonly [variableName: `custom_var_k${number}`]: string;
  readonly [variableValue: `custom_var_v${number}`]: string;
}
