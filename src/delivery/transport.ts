/** What came of one request to Matomo, as far as can be known. */
export type Exchange =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly contentType: string;
      /** The beginning, at most 64 kB. */
      readonly body: string;
      readonly location: string | undefined;
      readonly retryAfter: string | undefined;
      /** The clock of whoever answered. */
      readonly date?: string | undefined;
      /** What a server in front of Matomo wants to know of the sender. */
      readonly authenticate?: string | undefined;
    }
  /** Not a byte of it reached Matomo. */
  | { readonly kind: 'not_sent'; readonly error: Error }
  /** It was on its way, and nothing says how far it got. */
  | {
      readonly kind: 'no_answer';
      readonly error: Error;
      /** What came back is not HTTP. */
      readonly isHttp?: false | undefined;
    };

/** Takes one bulk request to Matomo. Never rejects. */
export interface Transport {
  send(body: Buffer, timeoutMillis: number): Promise<Exchange>;
  /** Loads what the first request needs, without connecting. */
  prepare?(): void;
  /** Whether bytes of a request may be on their way. */
  isSending?(): boolean;
  /** Like `send`, while the whole process waits. Missing if that cannot be done. */
  readonly sendSync?: ((body: Buffer, timeoutMillis: number) => Exchange) | undefined;
  /** Ends what is under way: it becomes `no_answer` or `not_sent`. */
  close(): Promise<void>;
}
