/** The part of an undici `Dispatcher` (version 7 or later) that this package uses, described structurally. */
export interface HttpDispatcher {
  /** Sends a request and calls the handler with its response. */
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean;
  /** Closes all connections, also those that are being opened. Only for dispatchers that this package created. */
  disconnect?(reason: Error): void;
  /** Called only for dispatchers that this package created. */
  destroy?(error: Error | null): Promise<void>;
}

interface DispatchOptions {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer | null;
  readonly headersTimeout: number;
  readonly bodyTimeout: number;
  /** Sends `Connection: close`, so that the connection is not reused. */
  readonly reset?: boolean;
}

export interface DispatchController {
  abort(reason: Error): void;
}

interface DispatchHandler {
  /** Called just before the first byte of the request is written to the socket. */
  onRequestStart(controller: DispatchController): void;
  onResponseStart(
    controller: DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
  ): void;
  onResponseData(controller: DispatchController, chunk: Buffer): void;
  onResponseEnd(): void;
  onResponseError(controller: DispatchController, error: Error): void;
}
