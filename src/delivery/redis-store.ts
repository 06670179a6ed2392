import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { codeOf } from '../common/describe-error.js';
import { show } from '../common/diagnostics.js';
import { withoutTracing } from '../common/otel-global.js';
import { AsyncScope, withTimeout } from '../common/timers.js';
import { loadUnhooked } from '../common/unhooked.js';
import type { Hit } from '../hit/hit.js';
import { addResults, type Results } from './counts.js';
import { readLines, toLines } from './hit-lines.js';
import type { Claim, Spool, SpoolOptions } from './store.js';

// Keys of a spool in Redis:
//
//     matomo-spool:description          string  format, and URL of Matomo
//     matomo-spool:hits                 stream  hits of processes without a token
//     matomo-spool:hits:token           stream  hits that need a token
//     matomo-spool:totals               hash    hits and bytes in both streams
//     matomo-spool:process:<process>    hash    its latest changes, which happen once, although a reply is lost; expires
//     matomo-spool:visitor-key[:<day>]  string  secret of visitor IDs
//
// An entry has the lines of hits that were put at once, at most a bulk. Each process is a consumer of one group. What is pending there is being
// sent; if its process dies, it becomes idle. What was given back as it was has no deliveries.

export const DESCRIPTION = 'matomo-spool:description';
const STREAM = 'matomo-spool:hits';
const FORMAT = 1;
/** What was given back can be claimed at once, whatever is the limit for dead processes: 30 years. */
const LONG_IDLE_MILLIS = 1e12;

const CONNECT_MILLIS = 1_000;
/** A Redis that has not replied by then is considered hanging. */
const REPLY_MILLIS = 5_000;
const RETRY_MILLIS = 1_000;
const CLOSE_MILLIS = 1_500;

/** Each script has the description as its first argument, and replies with nothing if there is no such spool. */
const BEGIN = `
if redis.call('GET', '${DESCRIPTION}') ~= ARGV[1] then return nil end
local function add(stream, hits, text)
  redis.call('XADD', stream, '*', 'n', hits, 'h', text)
  redis.call('HINCRBY', 'matomo-spool:totals', 'hits', hits)
  redis.call('HINCRBY', 'matomo-spool:totals', 'bytes', #text)
end
`;

/** `stream…`: the first process describes the spool, and makes groups. Replies with the description, and 1 if it is new. */
const OPEN = `
local isNew = redis.call('SET', '${DESCRIPTION}', ARGV[1], 'NX') and 1 or 0
for i = 2, #ARGV do redis.pcall('XGROUP', 'CREATE', ARGV[i], 'senders', '0', 'MKSTREAM') end
return { redis.call('GET', '${DESCRIPTION}'), isNew }
`;

/** `process, number, stream, hits, lines`: puts hits once, even if it runs again. */
const PUT = `${BEGIN}
local process = 'matomo-spool:process:' .. ARGV[2]
if tonumber(redis.call('HGET', process, 'put') or '0') >= tonumber(ARGV[3]) then return 1 end
redis.call('HSET', process, 'put', ARGV[3])
redis.call('EXPIRE', process, 86400)
add(ARGV[4], ARGV[5], ARGV[6])
return 1
`;

/**
 * `deadMillis, most, process, stream…`: claims entries of the first stream that has some: those of which the process has got no reply, those that
 * were given back or a dead process was sending, and new ones. Replies with the totals, the time of the oldest entry, the stream, and for each
 * entry its ID, whether a dead process was sending it, and its lines.
 */
const CLAIM = `${BEGIN}
local oldest = ''
local reply = {}
for i = 5, #ARGV do
  local stream, count = ARGV[i], 0
  local function take(entry, isDead)
    for _, each in ipairs({ entry[1], isDead, entry[2][4] or '' }) do table.insert(reply, each) end
    count = count + (tonumber(entry[2][2]) or 1)
  end
  local function takePending(list)
    for _, pending in ipairs(list) do
      if count >= tonumber(ARGV[3]) then break end
      local isDead = pending[2] ~= ARGV[4] and pending[4] > 0
      local entry = redis.call('XCLAIM', stream, 'senders', ARGV[4], 0, pending[1], 'RETRYCOUNT', isDead and 2 or 1)[1]
      if entry then take(entry, isDead and '1' or '') else redis.call('XACK', stream, 'senders', pending[1]) end
    end
  end
  takePending(redis.call('XPENDING', stream, 'senders', '-', '+', 100, ARGV[4]))
  takePending(redis.call('XPENDING', stream, 'senders', 'IDLE', ARGV[2], '-', '+', 100))
  while count < tonumber(ARGV[3]) do
    local read = redis.call('XREADGROUP', 'GROUP', 'senders', ARGV[4], 'COUNT', 1, 'STREAMS', stream, '>')
    if not read then break end
    take(read[1][2][1], '')
  end
  local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  if first and (oldest == '' or first[1] < oldest) then oldest = first[1] end
  if count > 0 then table.insert(reply, 1, stream) break end
end
if redis.call('XLEN', '${STREAM}') + redis.call('XLEN', '${STREAM}:token') == 0 then redis.call('DEL', 'matomo-spool:totals') end
table.insert(reply, 1, oldest)
table.insert(reply, 1, redis.call('HGET', 'matomo-spool:totals', 'bytes') or '0')
table.insert(reply, 1, redis.call('HGET', 'matomo-spool:totals', 'hits') or '0')
return reply
`;

/**
 * `process, number, stream, IDs, hits, bytes, hits that come back, their lines`: ends a claim once, even if it runs again. Replies with 0 if
 * another process has ended it, and with -1 if there is no room for what comes back. It frees memory first, so that a full Redis runs it, too.
 */
const DONE = `${BEGIN}
local process = 'matomo-spool:process:' .. ARGV[2]
if tonumber(redis.call('HGET', process, 'done') or '0') >= tonumber(ARGV[3]) then return tonumber(redis.call('HGET', process, 'reply')) end
local deleted = 0
for id in string.gmatch(ARGV[5], '%S+') do
  redis.call('XACK', ARGV[4], 'senders', id)
  deleted = deleted + redis.call('XDEL', ARGV[4], id)
end
if deleted == 0 then return 0 end
redis.call('HINCRBY', 'matomo-spool:totals', 'hits', 0 - ARGV[6])
redis.call('HINCRBY', 'matomo-spool:totals', 'bytes', 0 - ARGV[7])
local reply = (ARGV[9] == '' or pcall(add, ARGV[4], ARGV[8], ARGV[9])) and 1 or -1
redis.pcall('HSET', process, 'done', ARGV[3], 'reply', reply)
redis.call('EXPIRE', process, 86400)
return reply
`;

/** `stream, process, ID…`: gives entries back as they were. Replies with 0 if another process has claimed all of them since. */
const RELEASE = `${BEGIN}
local found = 0
for i = 4, #ARGV do
  local pending = redis.call('XPENDING', ARGV[2], 'senders', ARGV[i], ARGV[i], 1)[1]
  if pending and pending[2] == ARGV[3] then
    found = 1
    redis.call('XCLAIM', ARGV[2], 'senders', ARGV[3], 0, ARGV[i], 'IDLE', ${LONG_IDLE_MILLIS}, 'RETRYCOUNT', 0, 'JUSTID')
  end
end
return found
`;

/** `(day, key)…`: sets the keys of days, which expire, or with an empty day one that stays. The first process wins. Replies with each key. */
const SHARE_KEYS = `
local name = 'matomo-spool:visitor-key'
if ARGV[1] ~= '' then redis.call('DEL', name) end
local keys = {}
for i = 1, #ARGV, 2 do
  local key = ARGV[i] == '' and name or name .. ':' .. ARGV[i]
  redis.call('SET', key, ARGV[i + 1], 'NX')
  if ARGV[i] ~= '' then redis.call('EXPIREAT', key, (ARGV[i] + 1) * 86400 + 3600) end
  table.insert(keys, redis.call('GET', key) or '')
end
return keys
`;

/** The Matomo whose hits are in a spool; `undefined` if this version cannot read it. */
export function ownerOf(description: string): string | undefined {
  return description.startsWith(`${FORMAT} `) ? description.split(' ')[1] : undefined;
}

/** The part of node-redis that is used here. */
interface Client {
  readonly isReady: boolean;
  on(event: 'error', listener: () => void): unknown;
  connect(): Promise<unknown>;
  sendCommand(args: readonly string[]): Promise<unknown>;
  unref(): void;
  destroy(): void;
}

const KEY = /^[\da-f]{64}$/;

/** There was no connection: Redis has not got the command. */
class NotSent extends Error {}

/** A connection to Redis, which keeps the process alive only while a reply is pending. */
export class RedisConnection {
  readonly #url: string;
  #client: Client | undefined;
  #replyMillis = REPLY_MILLIS;
  /** Commands so far, and how many of them have ended, in the same order. */
  #commands = 0;
  #ended = 0;

  constructor(url: string) {
    this.#url = url;
  }

  /** Sends a command, over a new connection if there is none. Closes the connection if there is no reply. */
  async send(...command: readonly string[]): Promise<unknown> {
    return withoutTracing(async () => {
      if (!this.#client?.isReady)
        this.#client = await this.#connect().catch((error) => {
          throw new NotSent(codeOf(error));
        });
      this.#commands += 1;
      const reply = this.#client.sendCommand(command);
      return this.#orClose(this.#replyMillis, this.#client, reply).finally(() => {
        this.#ended += 1;
      });
    });
  }

  run(script: string, args: readonly string[]): Promise<unknown> {
    return this.send('EVAL', script, '0', ...args);
  }

  /** Replies are not waited for any longer, also those that are pending. */
  hurry(millis: number): void {
    const commands = this.#commands;
    this.#replyMillis = millis;
    setTimeout(() => {
      if (this.#ended < commands) this.close();
    }, millis).unref();
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
    await this.#orClose(CONNECT_MILLIS, client, client.connect());
    return client;
  }

  async #orClose<T>(millis: number, client: Client, pending: Promise<T>): Promise<T> {
    const replied = pending.then((value) => ({ value }));
    try {
      const reply = await withTimeout(millis, replied);
      if (!reply) throw new Error(`no answer in ${millis} ms`);
      return reply.value;
    } catch (error) {
      replied.catch(() => undefined);
      const isRefused = error instanceof Error && /^[A-Z]{2,} /.test(error.message);
      // A primary that becomes a replica keeps its connections. A new one may lead to the new primary.
      if (!isRefused || /\bREADONLY\b/.test(error.message)) end(client);
      if (!client.isReady && this.#client === client) this.#client = undefined;
      throw error;
    }
  }

  close(): void {
    end(this.#client);
    this.#client = undefined;
  }
}

/** Why Redis cannot be used. Its replies may have any text. */
export function reasonOf(error: unknown): string {
  const text = codeOf(error);
  if (text === 'MODULE_NOT_FOUND')
    return 'the package redis is not installed; run: npm install redis';
  return error instanceof UnusableRedis || /^[\w ]+$/.test(text)
    ? text
    : show(text.replace(/\.? script: .*$/s, ''));
}

/** `redis` is an optional dependency, which bundlers must not see. A bundle that is an ES module has no name of its own file. */
async function loadRedis(): Promise<typeof import('redis')> {
  const own = typeof __filename === 'undefined' ? resolve(process.argv[1] ?? 'app.js') : __filename;
  return loadUnhooked(async () => createRequire(own)('redis') as typeof import('redis'));
}

/** Closes a connection, which may be closed already: `destroy` throws then in node-redis 5. */
function end(client: Client | undefined): void {
  try {
    client?.destroy();
  } catch {
    // closed already
  }
}

/** Opens a spool in Redis, which need not be available yet. Resolves after the first attempt to connect. */
export async function openRedis(options: SpoolOptions): Promise<Spool> {
  const store = new RedisStore(options);
  await store.open();
  return store;
}

/** What must happen once in Redis, although a reply may be lost: it is repeated until there is one. */
interface Change {
  readonly script: string;
  readonly args: readonly string[];
  /** Gets the reply; `undefined` if it has not happened and will not. */
  readonly end: (reply: unknown) => void;
  /** Its caller does not wait any longer. */
  readonly onLate: () => void;
  /** The process ends, and it is unknown whether it has happened. */
  readonly leave: () => void;
  isOver?: boolean;
}

/** The entries of a claim. */
interface Taken {
  readonly stream: string;
  readonly ids: readonly string[];
  readonly hits: readonly Hit[];
  readonly bytes: number;
}

/** Hits in streams of Redis. */
class RedisStore implements Spool {
  isUsable = false;
  count = 0;
  hits = 0;
  oldestSeconds: number = Number.POSITIVE_INFINITY;
  #bytes = 0;
  readonly #options: SpoolOptions;
  readonly #description: string;
  readonly #id = randomBytes(4).toString('hex');
  readonly #connection: RedisConnection;
  readonly #scope = new AsyncScope('MatomoRedis');
  /** Those without a reply. Until they have one, nothing else happens. */
  readonly #late = new Set<Change>();
  readonly #begun = new Set<Change>();
  #changes = 0;
  #timer: NodeJS.Timeout | undefined;
  #wasUsable = false;
  #sharedDays: string | undefined;
  #isClosed = false;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#description = `${FORMAT} ${options.matomoUrl}`;
    this.#connection = new RedisConnection(options.place);
  }

  get room(): number {
    return Math.max(0, this.#options.maxBytes - this.#bytes);
  }

  /** Connects, and tries again each second until that succeeds. */
  async open(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    try {
      await this.#prepare();
      for (const change of this.#late) {
        const reply = await this.#run(change.script, ...change.args).catch((error) => {
          if (!isOutOfMemory(error)) throw error; // a full Redis is drained
        });
        this.#end(change, reply);
        this.#late.delete(change);
      }
      this.isUsable = true;
    } catch (error) {
      this.#fail(error);
    }
  }

  async #prepare(): Promise<void> {
    const { log, keys } = this.#options;
    const opened = await this.#connection.run(OPEN, [this.#description, STREAM, `${STREAM}:token`]);
    const [found, isNew] = opened as [string, number];
    if (found !== this.#description) {
      const owner = ownerOf(found);
      const why = owner
        ? `it belongs to ${show(owner)}`
        : `this version cannot read ${DESCRIPTION}`;
      throw new UnusableRedis(why);
    }
    if (isNew === 1 && this.#wasUsable) log.addLost('The keys were deleted');
    if (!this.#wasUsable) await this.#checkEviction();
    this.#wasUsable = true;
    if (keys) await this.#shareKeys();
  }

  /** Some users may not run INFO, which the spool does not need. */
  async #checkEviction(): Promise<void> {
    const memory = await this.#connection.send('INFO', 'memory').catch(() => '');
    const [, policy] = /^maxmemory_policy:(allkeys-[\w-]+)/m.exec(String(memory)) ?? [];
    if (policy) this.#options.log.addLost(`When it is full, Redis evicts all hits (${policy})`);
  }

  /** Daily keys: at midnight, an hour later, and before the next midnight. */
  async #shareKeys(): Promise<void> {
    const { keys, log } = this.#options;
    const days = keys?.days ?? [];
    if (days.join() === this.#sharedDays) return;
    const own = days.flatMap((day) => {
      const key = keys?.find(day) ?? randomBytes(32);
      return [String(day ?? ''), key.toString('hex')];
    });
    const found = (await this.#connection.run(SHARE_KEYS, own)) as string[];
    for (const [i, day] of days.entries())
      if (KEY.test(found[i] ?? '')) keys?.learn(day, Buffer.from(found[i] ?? '', 'hex'));
      else log.beginKeyUnshared('it is damaged');
    this.#sharedDays = days.join();
  }

  #fail(error: unknown): void {
    this.isUsable = false;
    if (this.#isClosed) return;
    const reason = reasonOf(error);
    const { log, keys } = this.#options;
    const isNew = !this.#wasUsable && (error instanceof UnusableRedis || /npm/.test(reason));
    log.begin(reason, isNew ? 'spool-not-used' : 'spool-not-written');
    if (keys && this.#sharedDays === undefined) log.beginKeyUnshared(reason);
    clearTimeout(this.#timer);
    this.#scope.runInAsyncScope(() => {
      this.#timer = setTimeout(() => void this.open(), RETRY_MILLIS).unref();
    });
  }

  /** Runs a script. Rejects if there is no such spool any more. */
  async #run(script: string, ...args: readonly string[]): Promise<unknown> {
    const reply = await this.#connection.run(script, [this.#description, ...args]);
    if (reply === null) throw new DeletedKeys('the keys were deleted');
    return reply;
  }

  /** Resolves when there is a reply, or when its caller need not wait any longer. */
  async #change(change: Change): Promise<void> {
    this.#begun.add(change);
    try {
      this.#end(change, await this.#run(change.script, ...change.args));
    } catch (error) {
      const isFull = isOutOfMemory(error);
      if (isFull) this.#options.log.begin(reasonOf(error));
      else this.#fail(error);
      const isUnsent = change.script === PUT && error instanceof NotSent;
      if (isFull || isUnsent || error instanceof DeletedKeys || change.isOver) {
        this.#end(change, undefined);
      } else {
        this.#late.add(change);
        change.onLate();
      }
    }
  }

  #end(change: Change, reply: unknown): void {
    this.#begun.delete(change);
    if (!change.isOver) change.end(reply);
    change.isOver = true;
  }

  async put(hits: readonly Hit[]): Promise<boolean> {
    if (!this.isUsable) return false;
    const { hasToken, counts, log, keep } = this.#options;
    const { length } = hits;
    const text = toLines(hits);
    if (text.length > this.room) {
      log.begin('maxSpoolBytes is reached');
      return false;
    }
    const stream = hasToken ? `${STREAM}:token` : STREAM;
    this.#changes += 1;
    let isPut = false;
    let isLate = false;
    await this.#change({
      script: PUT,
      args: [this.#id, String(this.#changes), stream, String(length), text],
      end: (reply) => {
        isPut = reply === 1;
        if (isLate) this.count -= length;
        if (isLate && !isPut) keep(hits);
        if (!isPut) return;
        log.end();
        counts.stored += length;
        this.hits += length;
        this.#bytes += text.length;
      },
      onLate: () => {
        isLate = true;
        this.count += length;
      },
      leave: () => {
        if (isLate) this.count -= length;
        counts.lost.spool += length;
      },
    });
    return isPut || isLate;
  }

  async claim(most: number): Promise<Claim | undefined> {
    if (!this.isUsable) return undefined;
    const { deadMillis, hasToken, keys } = this.#options;
    const streams = hasToken ? [STREAM, `${STREAM}:token`] : [STREAM];
    try {
      if (keys) await this.#shareKeys();
      const limits = [String(deadMillis), String(most), this.#id];
      const reply = await this.#run(CLAIM, ...limits, ...streams);
      const [hits, bytes, oldest, stream, ...entries] = reply as string[];
      this.hits = Number(hits);
      this.#bytes = Number(bytes);
      this.oldestSeconds = oldest ? Number.parseInt(oldest, 10) / 1000 : Number.POSITIVE_INFINITY;
      return stream === undefined ? undefined : await this.#toClaim(stream, entries, most);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  async #toClaim(stream: string, entries: string[], most: number): Promise<Claim | undefined> {
    const { counts, log, resendUnconfirmed } = this.#options;
    const ids: string[] = [];
    const hits: Hit[] = [];
    let bytes = 0;
    for (let i = 0; i < entries.length; i += 3) {
      const [id = '', isDead = '', text = ''] = entries.slice(i, i + 3);
      const read = readLines(text);
      const { length } = read.hits;
      const isUnconfirmed = isDead !== '' && !resendUnconfirmed;
      const others = { spool: read.damaged, expired: read.expired };
      counts.claimed += read.damaged + read.expired;
      addResults(counts, others);
      log.addDamaged(read.damaged);
      log.addExpired(read.expired);
      if (isUnconfirmed || length === 0) {
        if (isUnconfirmed) log.addUnconfirmed(length);
        const taken = this.#take({ stream, ids: [id], hits: read.hits, bytes: text.length });
        await this.#done(taken, { unconfirmed: length }, []);
        continue;
      }
      if (isDead !== '') counts.resent += length;
      ids.push(id);
      hits.push(...read.hits);
      bytes += text.length;
    }
    if (hits.length === 0) return this.claim(most);
    const taken = this.#take({ stream, ids, hits, bytes });
    return { hits, done: (...given) => this.#done(taken, ...given) };
  }

  #take(taken: Taken): Taken {
    this.count += taken.hits.length;
    this.#options.counts.claimed += taken.hits.length;
    return taken;
  }

  async #done(
    { stream, ids, hits, bytes }: Taken,
    results: Results,
    back: readonly Hit[],
    isBehind = false,
  ): Promise<boolean> {
    const { counts, keep } = this.#options;
    const given = new Set(hits);
    const isWhole = back.length === hits.length && back.every((hit) => given.has(hit));
    const isReleased = isWhole && back.length > 0 && !isBehind;
    this.#changes += 1;
    const place = [this.#id, String(this.#changes), stream, ids.join(' ')];
    const sizes = [String(hits.length), String(bytes), String(back.length), toLines(back)];
    let isOurs = true;
    const leave = () => {
      this.count -= hits.length;
      counts.claimed -= hits.length;
    };
    await this.#change({
      script: isReleased ? RELEASE : DONE,
      args: isReleased ? [stream, this.#id, ...ids] : [...place, ...sizes],
      end: (reply) => {
        isOurs = reply !== 0;
        if (!isOurs) return leave();
        this.count -= hits.length;
        addResults(counts, results);
        if (reply === -1 || (reply === undefined && !isReleased)) keep(back);
        else counts.stored += back.length;
      },
      onLate: () => undefined,
      leave,
    });
    return isOurs;
  }

  async hurry(millis: number): Promise<void> {
    this.#connection.hurry(millis);
    if (this.isUsable) await this.#connection.send('PING').catch((error) => this.#fail(error));
  }

  /** Nothing can be written without waiting. What was being put may be there. */
  putNow(hits: readonly Hit[]): readonly Hit[] {
    for (const change of this.#begun) {
      change.leave();
      change.isOver = true;
    }
    this.#begun.clear();
    this.#late.clear();
    return hits;
  }

  async close(): Promise<void> {
    if (this.#late.size > 0) await withTimeout(CLOSE_MILLIS, this.open());
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.isUsable = false;
    this.#connection.close();
  }
}

/** It is that of another Matomo, or of another version. */
class UnusableRedis extends Error {}

class DeletedKeys extends Error {}

/** Redis 6 has the code inside of the message. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && /\bOOM\b/.test(error.message);
}
