/** What is used of an undici `Dispatcher`, described structurally: that of undici 7 and later. */
export interface HttpDispatcher {
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean;
  /** Called only for a dispatcher of our own. */
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
  /** Sends `Connection: close`: the connection serves no other request. */
  readonly reset?: boolean;
}

export interface DispatchController {
  abort(reason: Error): void;
}

interface DispatchHandler {
  /** Just before the first byte of the request goes to the socket. */
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
