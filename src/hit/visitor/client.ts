import type { Agent } from './caller-fields.js';

/**
 * The user agent and the language of many requests, as one object: what is derived from them is stored here, which takes a tenth of a
 * lookup by their texts.
 */
export class Client {
  readonly userAgent: string;
  readonly acceptLanguage: string | undefined;
  /** What is sent of it, without client hints. */
  agent: Agent | undefined;
  /** Whether a filter ignores it, and which one has decided that. */
  isIgnored = false;
  filter: object | undefined;
  #store: ((client: Client) => void) | undefined;

  constructor(
    userAgent: string,
    acceptLanguage: string | undefined,
    store?: (client: Client) => void,
  ) {
    this.userAgent = userAgent;
    this.acceptLanguage = acceptLanguage;
    this.#store = store;
  }

  /** Lets later requests find it. Called once a request is tracked: of callers who opted out, nothing is remembered. */
  remember(): void {
    const store = this.#store;
    if (!store) return;
    this.#store = undefined;
    store(this);
  }
}
