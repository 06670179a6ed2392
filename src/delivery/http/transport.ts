/** The result of one request to Matomo, as far as it is known. */
export type Exchange =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly contentType: string;
      /** At most the first 64 kB. */
      readonly body: string;
      readonly location: string | undefined;
      readonly retryAfter: string | undefined;
      /** The `Date` header, in time of the server's clock. */
      readonly date?: string | undefined;
      /** The `WWW-Authenticate` header of a server in front of Matomo. */
      readonly authenticate?: string | undefined;
    }
  /** No byte of it reached Matomo. */
  | { readonly kind: 'not_sent'; readonly error: Error }
  /** It was being sent, and it is unknown how far it got. */
  | {
      readonly kind: 'no_answer';
      readonly error: Error;
      /** What came back is not HTTP. */
      readonly isHttp?: false | undefined;
    };

/** Sends bulk requests to Matomo, one at a time. Never rejects. */
export interface Transport {
  send(body: Buffer, timeoutMillis: number): Promise<Exchange>;
  /** Loads what the first request needs, without connecting. */
  prepare?(): void;
  /** Its sockets keep the process alive. */
  readonly holdsLoop?: boolean | undefined;
  /** Aborts the request in flight, with its connection: its result is `no_answer` or `not_sent`. Later requests are sent. */
  abort?(reason: Error): void;
  /** Whether bytes of a request may have been sent that has no result yet. */
  isSending?(): boolean;
  /** Like `send`, while the whole process is blocked. Missing if that is not supported. */
  readonly sendSync?: ((body: Buffer, timeoutMillis: number) => Exchange) | undefined;
  /** Aborts the request in flight, and sends no more. */
  close(): Promise<void>;
}
