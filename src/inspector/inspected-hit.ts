/**
 * What became of a hit:
 * - `tracked`: processed. Nothing may be stored all the same, as for a goal or a ping.
 * - `ai_chatbot`: stored for the AI chatbot reports, and in no visit.
 * - `dropped`: answered like a tracked one, but thrown away (a bot, `rec` missing).
 * - `invalid`: counted as `invalid`; as a single hit it is answered with 400.
 * - `refused`: an error that Matomo answers with 500 in a bulk, rolling back all hits of it.
 * - `unknown`: passed on to a Matomo whose answer does not tell.
 */
export type Verdict = 'tracked' | 'ai_chatbot' | 'invalid' | 'dropped' | 'refused' | 'unknown';

/** One hit as it arrived, and what Matomo would have made of it. */
export interface InspectedHit {
  /** Epoch milliseconds. */
  readonly received: number;
  /** The decoded parameters; those of a list or of a nested object as JSON, `token_auth` without its value. */
  readonly params: Record<string, string>;
  readonly verdict: Verdict;
  /** Why it was not stored as it came. */
  readonly reason?: string;
  /** The row of `log_link_visit_action` with the names it refers to, or null where none is stored. */
  readonly stored: StoredAction | null;
  /** The row of `log_conversion` with its items, if it is a goal, an order or a cart. */
  readonly conversion?: Conversion;
  /** The row of `log_bot_request`, if it is a request by an AI chatbot and kept. */
  readonly aiRequest?: AiRequest;
}

/** A stored conversion, order or cart, under Matomo's own names. */
export interface Conversion {
  readonly kind: 'goal' | 'order' | 'cart';
  readonly idsite: number;
  /** Epoch seconds. */
  readonly server_time: number;
  /** 0 for an order, -1 for a cart. */
  readonly idgoal: number;
  readonly idorder?: string;
  /** Missing if Matomo takes the revenue of the goal. */
  readonly revenue?: number;
  readonly revenue_subtotal?: number;
  readonly revenue_tax?: number;
  readonly revenue_shipping?: number;
  readonly revenue_discount?: number;
  /** Pieces of an order or a cart. */
  readonly items?: number;
  /** What was bought, one line for each SKU. */
  readonly lines?: readonly ConversionItem[];
  /** Page of a goal. */
  readonly url?: string;
}

/** A row of `log_conversion_item`. */
export interface ConversionItem {
  readonly sku: string;
  readonly name?: string;
  readonly categories: readonly string[];
  readonly price: number;
  readonly quantity: number;
}

/** A stored request by an AI chatbot. What Matomo does not know is left out. */
export interface AiRequest {
  readonly site: number;
  /** Epoch seconds. */
  readonly time: number;
  /** The chatbot as Matomo calls it, such as `ChatGPT-User`. */
  readonly name: string;
  /** `document` if the hit has a `download`. */
  readonly kind: 'page' | 'document';
  readonly url?: string;
  readonly statusCode?: number;
  readonly bytes?: number;
  readonly millis?: number;
  readonly source?: string;
}

/** What kind of action a row is; `none` has neither URL nor title. */
export type ActionType = 'page' | 'event' | 'search' | 'download' | 'link' | 'content' | 'none';

/** A stored action under Matomo's own names. A column that would be NULL is left out. */
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
