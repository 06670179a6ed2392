import { randomBytes } from 'node:crypto';
import { AsyncScope, withTimeout } from '../common/timers.js';
import type { SharedKeys } from '../common/visitor-keys.js';
import type { Hit } from '../hit/hit-text.js';
import { addResults, type Results } from './counts.js';
import { type ReadLines, readLines, toLines } from './hit-lines.js';
import { NotSent, RedisConnection, reasonOf } from './redis-connection.js';
import type { Claim, Spool, SpoolOptions } from './store.js';

// Keys of a spool in Redis:
//
//     matomo-spool:description          string  URL of the Matomo that gets the hits
//     matomo-spool:hits                 stream  hits of processes without a token
//     matomo-spool:hits:token           stream  hits that need a token
//     matomo-spool:totals               hash    hits and bytes in both streams
//     matomo-spool:process:<process>    hash    its latest change, so that a repeated change has no effect; expires; one for each kind of change
//     matomo-spool:visitor-key[:<day>]  string  secret of visitor IDs
//
// An entry has the lines of hits that were put together, at most a bulk. All processes are consumers of one group. Pending entries of the group are
// being sent. If their process dies, they become idle. Entries that were given back unchanged have no deliveries.

export const DESCRIPTION = 'matomo-spool:description';
const STREAM = 'matomo-spool:hits';
const KEY = /^[\da-f]{64}$/;
const VISITOR_KEY = 'matomo-spool:visitor-key';
/** Options of XCLAIM that make entries claimable immediately: the entries count as idle for 30 years, longer than any limit. */
const RELEASED = ['IDLE', '1000000000000', 'RETRYCOUNT', '0', 'JUSTID'];

const RETRY_MILLIS = 1_000;
const CLOSE_MILLIS = 1_500;

/** Begins each script. The first argument is the URL of Matomo. A script replies with nothing if there is no spool for that Matomo. */
const BEGIN = `if redis.call('GET', '${DESCRIPTION}') ~= ARGV[1] then return nil end`;

/**
 * `deadMillis, most, process, stream…`: claims entries of the first stream that has any: entries that this process claimed without getting the
 * reply, entries that were given back or that a dead process was sending, and new ones. Replies with the totals, the stream, and for each entry its
 * ID, whether a dead process was sending it, and its lines.
 */
const CLAIM = `${BEGIN}
local found
local entries = {}
for i = 5, #ARGV do
  local stream, count = ARGV[i], 0
  local function take(entry, isDead)
    table.insert(entries, { entry[1], isDead, entry[2][4] or '' })
    count = count + (tonumber(entry[2][2]) or 1)
  end
  local function takePending(list)
    for _, pending in ipairs(list) do
      if count >= tonumber(ARGV[3]) then break end
      local isDead = (pending[2] ~= ARGV[4] and pending[4] > 0) or pending[4] > 1
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
  if count > 0 then found = stream break end
end
if redis.call('XLEN', '${STREAM}') + redis.call('XLEN', '${STREAM}:token') == 0 then redis.call('DEL', 'matomo-spool:totals') end
local totals = redis.call('HMGET', 'matomo-spool:totals', 'hits', 'bytes')
return { totals, found or '', entries }
`;

/**
 * `process, number, stream, IDs, their hits, their bytes, hits, lines`: deletes entries and adds one. A repeated run has no effect. Replies with 0
 * if another process has deleted the entries, and with -1 if Redis is full. Memory is freed first, so that claims can end in a full Redis.
 */
const CHANGE = `${BEGIN}
local process = 'matomo-spool:process:' .. ARGV[2]
local latest = redis.call('HMGET', process, 'number', 'reply')
if tonumber(latest[1] or '0') >= tonumber(ARGV[3]) then return tonumber(latest[2]) end
local deleted = 0
for id in string.gmatch(ARGV[5], '%S+') do
  redis.call('XACK', ARGV[4], 'senders', id)
  deleted = deleted + redis.call('XDEL', ARGV[4], id)
end
if ARGV[5] ~= '' and deleted == 0 then return 0 end
local hasRoom = ARGV[8] == '0' or type(redis.pcall('XADD', ARGV[4], '*', 'n', ARGV[8], 'h', ARGV[9])) == 'string'
redis.pcall('HINCRBY', 'matomo-spool:totals', 'hits', (hasRoom and ARGV[8] or 0) - ARGV[6])
redis.pcall('HINCRBY', 'matomo-spool:totals', 'bytes', (hasRoom and #ARGV[9] or 0) - ARGV[7])
redis.pcall('HSET', process, 'number', ARGV[3], 'reply', hasRoom and 1 or -1)
redis.call('EXPIRE', process, 86400)
return hasRoom and 1 or -1
`;

/** `stream, process, ID…, options`: gives entries back unchanged. Replies with 0 if another process has claimed the first of them in the meantime. */
const RELEASE = `${BEGIN}
local pending = redis.call('XPENDING', ARGV[2], 'senders', ARGV[4], ARGV[4], 1)[1]
if not pending or pending[2] ~= ARGV[3] then return 0 end
redis.call('XCLAIM', ARGV[2], 'senders', ARGV[3], 0, unpack(ARGV, 4))
return 1
`;

/** Opens a spool in Redis. Redis may still be unavailable. Resolves after the first attempt to connect. */
export async function openRedis(options: SpoolOptions): Promise<Spool> {
  const store = new RedisStore(options);
  await store.open();
  return store;
}

/** `unsent` means that the change was not and will not be made. `left` means that the process ends, and the result is unknown. */
type Reply = number | 'unsent' | 'left';

/** A change that Redis must make exactly once although a reply may be lost. The change is repeated until there is a reply. */
interface Change {
  /** Whether the change puts hits. The caller keeps those if the change was not sent. */
  readonly isPut?: boolean;
  readonly script: string;
  readonly args: readonly string[];
  /** Called once with the reply. */
  readonly end: (reply: Reply) => void;
}

type Entry = readonly [id: string, isDead: string, text: string];

/** The reply of CLAIM. */
type Claimed = readonly [totals: string[], stream: string, entries: Entry[]];

/** The entries of a claim. */
type Taken = ReadLines & { stream: string; ids: readonly string[]; lines: number; bytes: number };

/** Stores hits in streams of Redis. */
class RedisStore implements Spool {
  isUsable = false;
  count = 0;
  hits = 0;
  oldestSeconds: number = Number.POSITIVE_INFINITY;
  #bytes = 0;
  readonly #options: SpoolOptions;
  readonly #id = randomBytes(4).toString('hex');
  readonly #connection: RedisConnection;
  readonly #scope = new AsyncScope('MatomoRedis');
  /** Changes without a reply. After a failure, nothing else begins until they have one. */
  readonly #changes = new Set<Change>();
  #number = 0;
  #timer: NodeJS.Timeout | undefined;
  #wasUsable = false;
  #sharedDays: string | undefined;
  #isClosed = false;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#connection = new RedisConnection(options.place);
  }

  get room(): number {
    return Math.max(0, this.#options.maxBytes - this.#bytes);
  }

  /** Connects, and retries every second until that succeeds. */
  async open(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    try {
      await this.#prepare();
      for (const change of this.#changes) {
        const reply = await this.#run(change.script, ...change.args);
        this.#end(change, reply as Reply);
      }
      this.isUsable = true;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Writes the URL of Matomo and creates the groups if they do not exist, even if the keys were deleted during operation. */
  async #prepare(): Promise<void> {
    const { log, keys, matomoUrl } = this.#options;
    const find = () => this.#connection.send('GET', DESCRIPTION);
    const describe = () => this.#connection.send('SET', DESCRIPTION, matomoUrl, 'NX');
    const isNew = (await find()) === null && (await describe()) !== null;
    const owner = await find();
    if (owner !== matomoUrl) throw new Error(`it belongs to ${owner}`);
    for (const stream of [STREAM, `${STREAM}:token`]) {
      const create = this.#connection.send('XGROUP', 'CREATE', stream, 'senders', '0', 'MKSTREAM');
      await create.catch(() => undefined); // the group exists, or claims fail, which is logged
    }
    if (isNew && this.#wasUsable) log.addLost('The keys were deleted');
    this.#wasUsable = true;
    if (keys) await this.#shareKeys(keys);
  }

  /** Shares visitor keys. The key of the first process wins. Daily keys are shared ten minutes before midnight, and an hour after midnight. */
  async #shareKeys(keys: SharedKeys): Promise<void> {
    const days = keys.days.join();
    if (days === this.#sharedDays) return;
    if (days !== '') await this.#connection.send('DEL', VISITOR_KEY);
    for (const day of keys.days) {
      const name = day === undefined ? VISITOR_KEY : `${VISITOR_KEY}:${day}`;
      const own = (keys.find(day) ?? randomBytes(32)).toString('hex');
      const end = day === undefined ? [] : ['EXAT', String((day + 1) * 86_400 + 3_600)];
      await this.#connection.send('SET', name, own, 'NX', ...end);
      const found = String(await this.#connection.send('GET', name));
      if (KEY.test(found)) keys.learn(day, Buffer.from(found, 'hex'));
      else this.#options.log.beginKeyUnshared('it is damaged');
    }
    this.#sharedDays = days;
  }

  #fail(error: unknown): void {
    this.isUsable = false;
    if (this.#isClosed) return;
    const reason = reasonOf(error);
    const { log } = this.#options;
    log.begin(reason, this.#wasUsable ? 'spool-not-written' : 'spool-not-used');
    clearTimeout(this.#timer);
    this.#scope.runInAsyncScope(() => {
      this.#timer = setTimeout(() => void this.open(), RETRY_MILLIS).unref();
    });
  }

  /** Runs a script. Rejects if the spool no longer exists. */
  async #run(script: string, ...args: readonly string[]): Promise<unknown> {
    const command = ['EVAL', script, '0', this.#options.matomoUrl, ...args];
    const reply = await this.#connection.send(...command);
    if (reply === null) throw new Error('the keys were deleted');
    return reply;
  }

  /** Runs a change. Resolves with whether it has ended. If it has not, the caller need not wait. */
  async #change(change: Change): Promise<boolean> {
    this.#changes.add(change);
    try {
      this.#end(change, (await this.#run(change.script, ...change.args)) as Reply);
    } catch (error) {
      this.#fail(error);
      if (change.isPut && error instanceof NotSent) this.#end(change, 'unsent');
    }
    return !this.#changes.has(change);
  }

  #end(change: Change, reply: Reply): void {
    if (this.#changes.delete(change)) change.end(reply);
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
    this.#number += 1;
    let isPut = false;
    let isLate = false;
    const hasEnded = await this.#change({
      isPut: true,
      script: CHANGE,
      args: [`${this.#id}-put`, String(this.#number), stream, '', '0', '0', String(length), text],
      end: (reply) => {
        isPut = reply === 1;
        if (isLate) this.count -= length;
        if (reply === -1) log.begin('it is full');
        if (reply === 'left') counts.lost.spool += length;
        else if (isLate && !isPut) keep(hits);
        if (!isPut) return;
        log.end();
        counts.stored += length;
        this.hits += length;
        this.#bytes += text.length;
      },
    });
    isLate = !hasEnded;
    if (isLate) this.count += length;
    return isPut || isLate;
  }

  async claim(most: number): Promise<Claim | undefined> {
    if (!this.isUsable) return undefined;
    const { deadMillis, hasToken, keys } = this.#options;
    const streams = hasToken ? [STREAM, `${STREAM}:token`] : [STREAM];
    try {
      if (keys) await this.#shareKeys(keys);
      const limits = [String(deadMillis), String(most), this.#id];
      const reply = await this.#run(CLAIM, ...limits, ...streams);
      const [[hits, bytes], stream, entries] = reply as Claimed;
      this.hits = Number(hits);
      this.#bytes = Number(bytes);
      const times = entries.map(([id]) => Number.parseInt(id, 10) / 1000);
      this.oldestSeconds = Math.min(...times, Infinity);
      return entries.length > 0 ? await this.#toClaim(stream, entries, most) : undefined;
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** Entries of a dead process become a separate claim. The other entries already belong to this process, and are claimed again later. */
  async #toClaim(
    stream: string,
    entries: readonly Entry[],
    most: number,
  ): Promise<Claim | undefined> {
    const { counts, log, resendUnconfirmed } = this.#options;
    const dead = entries.filter(([, isDead]) => isDead !== '');
    const own = dead.length > 0 ? dead : entries;
    const text = own.map(([, , lines]) => lines).join('');
    const read = readLines(text);
    const lines = read.hits.length + read.damaged;
    this.count += lines;
    counts.claimed += lines;
    const taken = { ...read, stream, ids: own.map(([id]) => id), lines, bytes: text.length };
    const isUnconfirmed = dead.length > 0 && !resendUnconfirmed;
    if (!isUnconfirmed && taken.hits.length > 0) {
      if (dead.length > 0) counts.resent += taken.hits.length;
      return { hits: taken.hits, done: (...given) => this.#done(taken, ...given) };
    }
    const unconfirmed = isUnconfirmed ? taken.hits.length : 0;
    log.addUnconfirmed(unconfirmed);
    await this.#done(taken, { unconfirmed }, []);
    return this.claim(most);
  }

  async #done(
    { stream, ids, hits, lines, bytes, damaged }: Taken,
    results: Results,
    back: readonly Hit[],
    isBehind = false,
  ): Promise<boolean> {
    const { counts, keep, log } = this.#options;
    const given = new Set(hits);
    const isWhole = lines > 0 && back.length === lines && back.every((hit) => given.has(hit));
    const isReleased = isWhole && !isBehind;
    this.#number += 1;
    const place = [`${this.#id}-done`, String(this.#number), stream, ids.join(' ')];
    const sizes = [String(lines), String(bytes), String(back.length), toLines(back)];
    let isOurs = true;
    await this.#change({
      script: isReleased ? RELEASE : CHANGE,
      args: isReleased ? [stream, this.#id, ...ids, ...RELEASED] : [...place, ...sizes],
      end: (reply) => {
        isOurs = reply !== 0 && reply !== 'left';
        this.count -= lines;
        if (!isOurs) counts.claimed -= lines;
        if (!isOurs) return;
        addResults(counts, results);
        addResults(counts, { spool: damaged });
        log.addDamaged(damaged);
        if (reply === 1) counts.stored += back.length;
        else keep(back);
      },
    });
    return isOurs;
  }

  async hurry(millis: number): Promise<void> {
    this.#connection.replyMillis = millis;
    if (this.isUsable) await this.#connection.send('PING').catch((error) => this.#fail(error));
  }

  /** Ends the spool at the event `exit`, when nothing can be written synchronously. Hits that are being put may be stored. */
  putNow(hits: readonly Hit[]): readonly Hit[] {
    for (const change of this.#changes) this.#end(change, 'left');
    return hits;
  }

  async close(): Promise<void> {
    if (this.#changes.size > 0) await withTimeout(CLOSE_MILLIS, this.open());
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.isUsable = false;
    this.#connection.close();
  }
}
