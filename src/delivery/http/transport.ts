/** A response of Matomo, or of a server in front of it. */
export interface Answer {
  readonly kind: 'answer';
  readonly status: number;
  readonly contentType: string;
  /** At most the first 64 kB. */
  readonly body: string;
  readonly location?: string | undefined;
  readonly retryAfter?: string | undefined;
  /** The `Date` header, in time of the server's clock. */
  readonly date?: string | undefined;
  /** The `WWW-Authenticate` header of a server in front of Matomo. */
  readonly authenticate?: string | undefined;
}

/** The result of one request to Matomo, as far as it is known. */
export type Exchange =
  | Answer
  /** A dry run printed the hits, and nothing was sent. */
  | { readonly kind: 'printed' }
  /** No byte of the request reached Matomo. */
  | {
      readonly kind: 'not_sent';
      readonly error: Error;
      /** How long it was tried, if no connection was established until then. */
      readonly waitedMillis?: number;
    }
  /** The request was being sent, and how far it got is unknown. `begun`: what there is of an answer that has no end. */
  | { readonly kind: 'no_answer'; readonly error: Error; readonly begun?: Answer };

/** Sends bulk requests to Matomo, one at a time. Never rejects. */
export interface Transport {
  send(body: Buffer, timeoutMillis: number): Promise<Exchange>;
  /** Whether Matomo may have received bytes of the latest request. */
  mayHaveArrived?(): boolean;
  /** Like `send`, while the whole process is blocked. Missing if that is not supported. */
  readonly sendSync?: ((body: Buffer, timeoutMillis: number) => Exchange) | undefined;
  /** Aborts the request in flight, and sends no more. */
  close(): Promise<void>;
}

/** What a transport needs to know about Matomo. */
export interface TransportOptions {
  readonly url: URL;
  readonly userAgent: string;
  /** Headers for a server in front of Matomo. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The headers of every bulk request. */
export function headersOf({ userAgent, headers }: TransportOptions): Record<string, string> {
  return {
    'user-agent': userAgent,
    ...headers,
    'content-type': 'application/json',
    'accept-encoding': 'identity',
  };
}

export type Unanswered = Extract<Exchange, { error: Error }>;

/** The result of a request without a response. */
export function unanswered(wasSent: boolean, error: Error): Unanswered {
  return wasSent ? { kind: 'no_answer', error } : { kind: 'not_sent', error };
}

/** The result of a request that got no response in time. */
export function timedOut(wasSent: boolean, timeoutMillis: number): Unanswered {
  const waitedMillis = Math.ceil(timeoutMillis); // a timer may be early by a part of a millisecond
  const within = `within ${waitedMillis} ms`;
  if (wasSent) return unanswered(true, new Error(`no answer ${within}`));
  return { kind: 'not_sent', error: new Error(`no connection ${within}`), waitedMillis };
}
