import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { codeOf } from '../common/describe-error.js';
import { show } from '../common/diagnostics.js';
import { withoutTracing } from '../common/otel-global.js';
import { withTimeout } from '../common/timers.js';
import { loadUnhooked } from '../common/unhooked.js';

const CONNECT_MILLIS = 1_000;
/** A Redis that has not replied within this time counts as hanging. */
const REPLY_MILLIS = 5_000;

type Client = ReturnType<typeof import('redis').createClient>;

/** Means that there was no connection, so Redis has not received the command. */
export class NotSent extends Error {}

/** A connection to Redis. It keeps the process alive only while a reply is pending. */
export class RedisConnection {
  /** The maximum wait for a reply. */
  replyMillis = REPLY_MILLIS;
  readonly #url: string;
  #client: Client | undefined;
  #connecting: Promise<Client> | undefined;
  #isClosed = false;

  constructor(url: string) {
    this.#url = url;
  }

  /** Sends a command, and connects first if necessary. Closes the connection if there is no reply. */
  async send(...command: readonly string[]): Promise<unknown> {
    return withoutTracing(async () => {
      if (!this.#client?.isReady) {
        if (this.#isClosed) throw new NotSent('the connection is closed');
        this.#connecting ??= this.#connect();
        try {
          this.#client = await this.#connecting;
          if (this.#isClosed) this.close();
        } catch (error) {
          throw new NotSent(codeOf(error));
        } finally {
          this.#connecting = undefined;
        }
      }
      return orEnd(this.replyMillis, this.#client, this.#client.sendCommand(command));
    });
  }

  async #connect(): Promise<Client> {
    const { createClient } = await loadRedis();
    const client: Client = createClient({
      url: this.#url,
      RESP: 2,
      disableClientInfo: true,
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
      socket: { connectTimeout: CONNECT_MILLIS, reconnectStrategy: false },
    });
    client.on('error', () => undefined); // callers that wait for a reply get the error
    client.unref();
    await orEnd(CONNECT_MILLIS, client, client.connect());
    return client;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#client?.isOpen) this.#client.destroy();
  }
}

/** Closes the connection if there is no reply, or if Redis is read-only: after a failover, a new connection may lead to the new primary. */
async function orEnd(millis: number, client: Client, pending: Promise<unknown>): Promise<unknown> {
  try {
    const reply = await withTimeout(millis, pending);
    if (reply === undefined) throw new Error(`no answer in ${millis} ms`);
    return reply;
  } catch (error) {
    const isRefused = error instanceof Error && /^(?!.*\bREADONLY\b)[A-Z]{2,} /.test(error.message);
    if (!isRefused && client.isOpen) client.destroy();
    throw error;
  }
}

/** Loads `redis`, an optional dependency that bundlers must not see. A bundle in ES module format has no `__filename`. */
async function loadRedis(): Promise<typeof import('redis')> {
  const own = typeof __filename === 'undefined' ? resolve(process.argv[1] ?? 'app.js') : __filename;
  return loadUnhooked(async () => createRequire(own)('redis') as typeof import('redis'));
}

/** The reason why Redis cannot be used. Replies of Redis may contain any text. */
export function reasonOf(error: unknown): string {
  const text = codeOf(error);
  if (text === 'MODULE_NOT_FOUND')
    return 'the package redis is not installed; run: npm install redis';
  return /^[\w ]+$/.test(text) ? text : show(text.replace(/\.? script: .*$/s, ''));
}
