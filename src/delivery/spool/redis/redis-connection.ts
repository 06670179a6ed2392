import type { RedisScript } from './redis-scripts.js';

/** The part of node-redis that is used. */
interface RedisClient {
  readonly isReady: boolean;
  on(event: 'error', listener: () => void): unknown;
  connect(): Promise<unknown>;
  sendCommand(args: readonly string[]): Promise<unknown>;
  /** Lets the process end while it is open. */
  unref(): void;
  destroy(): void;
}

const CONNECT_MILLIS = 1_000;
/** Whoever has not answered by then is taken to hang. */
const REPLY_MILLIS = 1_000;

/** Nothing has been sent: there is no connection. */
export class NotConnected extends Error {
  readonly code = 'not connected';
}

/** No bundler is to look for what an application need not have: some find a literal behind a variable. */
function load(name: string): Promise<unknown> {
  return import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ name);
}

/** One connection to Redis, made anew by whoever wants it: it does not reconnect, and keeps the process alive only while an answer is due. */
export class RedisConnection {
  readonly #url: string;
  readonly #quietly: <T>(run: () => T) => T;
  #client: RedisClient | undefined;
  #isClosed = false;

  /** `quietly`: runs what is to make no span. */
  constructor(url: string, quietly: <T>(run: () => T) => T) {
    this.#url = url;
    this.#quietly = quietly;
  }

  get isOpen(): boolean {
    return this.#client?.isReady === true;
  }

  /** One attempt. Loads node-redis. */
  async open(): Promise<void> {
    this.#client?.destroy();
    this.#client = undefined;
    const { createClient } = (await load('redis')) as typeof import('redis');
    const client: RedisClient = createClient({
      url: this.#url,
      RESP: 2,
      disableClientInfo: true,
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
      socket: { connectTimeout: CONNECT_MILLIS, reconnectStrategy: false },
    });
    client.on('error', () => undefined); // whoever waits for a reply gets it
    client.unref();
    await withDeadline(client, CONNECT_MILLIS, () => this.#quietly(() => client.connect()));
    if (this.#isClosed) client.destroy();
    else this.#client = client;
  }

  /** What a script answers. */
  async run(script: RedisScript, args: readonly string[]): Promise<unknown> {
    try {
      return await this.send('EVALSHA', script.sha, '0', ...args);
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return await this.send('EVAL', script.text, '0', ...args);
    }
  }

  async send(...command: readonly string[]): Promise<unknown> {
    const client = this.#client;
    if (!client?.isReady) throw new NotConnected('not connected');
    return await withDeadline(client, REPLY_MILLIS, () =>
      this.#quietly(() => client.sendCommand(command)),
    );
  }

  close(): void {
    this.#isClosed = true;
    this.#client?.destroy();
  }
}

/** Ends the connection where the time is over, so that nothing waits for it any more. */
async function withDeadline<T>(
  client: RedisClient,
  millis: number,
  run: () => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      client.destroy();
      reject(new Error(`no answer in ${millis} ms`));
    }, millis);
  });
  try {
    return await Promise.race([run(), deadline]);
  } finally {
    clearTimeout(timer);
  }
}
