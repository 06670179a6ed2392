import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { withoutTracing } from '../../common/otel-global.js';
import { loadUnhooked } from '../../common/unhooked.js';

/** The part of node-redis that is used here. */
interface RedisClient {
  readonly isReady: boolean;
  on(event: 'error', listener: () => void): unknown;
  connect(): Promise<unknown>;
  sendCommand(args: readonly string[]): Promise<unknown>;
  /** Lets the process end while the connection is open. */
  unref(): void;
  destroy(): void;
}

const CONNECT_MILLIS = 1_000;
/** A Redis that has not replied by then is considered hanging. */
const REPLY_MILLIS = 1_000;

/** Nothing was sent, because there is no connection. */
class NotConnected extends Error {
  readonly code = 'not connected';
}

/** `redis` is an optional dependency, which bundlers must not see. A bundle that is an ES module has no name of its own file. */
async function loadRedis(): Promise<typeof import('redis')> {
  const own = typeof __filename === 'undefined' ? resolve(process.argv[1] ?? 'app.js') : __filename;
  return loadUnhooked(async () => createRequire(own)('redis') as typeof import('redis'));
}

/** A connection to Redis, which keeps the process alive only while a reply is pending. To reconnect, call `open` again. */
export class RedisConnection {
  readonly #url: string;
  readonly #replyMillis: number;
  #client: RedisClient | undefined;
  #isClosed = false;
  /** The class of error replies of node-redis, once that is loaded. */
  #replyClass: abstract new () => Error = NotConnected;

  constructor(url: string, replyMillis: number = REPLY_MILLIS) {
    this.#url = url;
    this.#replyMillis = replyMillis;
  }

  get isOpen(): boolean {
    return this.#client?.isReady === true;
  }

  /** Makes one attempt to connect. Loads node-redis. */
  async open(): Promise<void> {
    end(this.#client);
    this.#client = undefined;
    const { createClient, ErrorReply } = await loadRedis();
    this.#replyClass = ErrorReply;
    const client: RedisClient = createClient({
      url: this.#url,
      RESP: 2,
      disableClientInfo: true,
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
      socket: { connectTimeout: CONNECT_MILLIS, reconnectStrategy: false },
    });
    client.on('error', () => undefined); // callers that wait for a reply get the error
    client.unref();
    await withDeadline(client, CONNECT_MILLIS, () => withoutTracing(() => client.connect()));
    if (this.#isClosed) end(client);
    else this.#client = client;
  }

  /** Runs a script atomically, and returns its reply. */
  run(script: string, args: readonly string[]): Promise<unknown> {
    return this.send('EVAL', script, '0', ...args);
  }

  async send(...command: readonly string[]): Promise<unknown> {
    const client = this.#client;
    if (!client?.isReady) throw new NotConnected('not connected');
    try {
      return await withDeadline(client, this.#replyMillis, () =>
        withoutTracing(() => client.sendCommand(command)),
      );
    } catch (error) {
      // A primary that becomes a replica keeps its connections. A new one may lead to the new primary.
      if (error instanceof Error && /\bREADONLY\b/.test(error.message)) end(client);
      throw error;
    }
  }

  /** Whether Redis, or a proxy in front of it, has refused a command. Other errors leave open whether it has run. */
  isRefusal(error: unknown): boolean {
    return error instanceof NotConnected || error instanceof this.#replyClass;
  }

  close(): void {
    this.#isClosed = true;
    end(this.#client);
  }
}

/** Closes a connection, which may be closed already: `destroy` throws then in node-redis 5. */
function end(client: RedisClient | undefined): void {
  try {
    client?.destroy();
  } catch {
    // closed already
  }
}

/** Closes the connection when the time is over, so that nothing waits for a reply any more. */
async function withDeadline<T>(
  client: RedisClient,
  millis: number,
  run: () => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      // If this process was busy or stood still, the reply may be there already. It is read before that.
      immediate = setImmediate(() => {
        reject(new Error(`no answer in ${millis} ms`));
        // Other commands fail then. They must not be the first ones that say why.
        setImmediate(() => end(client));
      });
    }, millis);
  });
  try {
    return await Promise.race([run(), deadline]);
  } finally {
    clearTimeout(timer);
    clearImmediate(immediate);
  }
}
