import { type BulkReceiver, nameOf, startBulkReceiver } from '../../support/bulk-receiver.js';
import {
  type ChildExit,
  eventually,
  type Server,
  startServer,
} from '../../support/child-process.js';
import { freePort } from '../../support/free-port.js';
import type { RedisServer } from '../../support/redis-server.js';
import { get, REGISTER } from '../../support/registered-app.js';
import { sorted } from '../../support/sorted.js';
import { linesIn } from '../../support/spool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const APP = 'test/contracts/doors/end/app.cjs';
const HOUR = 3_600_000;
const NEVER = String(HOUR);

/** How a Matomo answers until the process has ended. */
export type Answers = 'fast' | 'slow' | 'down' | 'refuses' | 'hangs';
/** Where hits wait. */
export type Place = 'memory' | 'folder';

/** What a test does with the process besides the first two requests. */
export type Running = ReturnType<typeof toRunning>;

export interface Row {
  /** In `doors/end`. */
  readonly way: string;
  /** By default, the request `/end`. */
  readonly end?: (running: Running) => Promise<void>;
  /** As without the package. */
  readonly exit: ChildExit;
  /** PID 1 alone ends in another way without the package. */
  readonly exitWithout?: ChildExit | 'none';
  /** Hits besides those of `/a` and `/b`. @default those of `end`, without `/end` if `end` is set */
  readonly more?: readonly string[];
  /** Options of the package. */
  readonly env?: Readonly<Record<string, string>>;
  /** For the application. */
  readonly appEnv?: Readonly<Record<string, string>>;
  /** Path of a `node`. @default the one that runs this */
  readonly node?: string;
  /** Starts `node`. */
  readonly command?: readonly string[];
  /** With a spool, it ends before hits are stored in it. */
  readonly isEarly?: boolean;
  /** What the application writes. @default nothing */
  readonly prints?: string | RegExp;
  /** Whether what it writes without the package may be less: which of two signals comes first is chance. */
  readonly printsMore?: boolean;
}

const askForEnd: NonNullable<Row['end']> = ({ get }) => get('/end');

/** Runs the process of a row without the package. */
export async function runWithout(row: Row) {
  const app = await startServer([APP], optionsOf(row, {}));
  await use(app, row);
  return { exit: await app.exit(), printed: printedBy(app) };
}

/** How a process ended, and what became of its hits. */
export type End = Awaited<ReturnType<typeof runWith>>;

/** Runs it with the package. */
export async function runWith(row: Row, answers: Answers, place: Place) {
  const matomo = await startBulkReceiver();
  const url = answers === 'down' ? `http://127.0.0.1:${await freePort()}` : matomo.url;
  const spool = await openSpool(place);
  if (answers === 'slow') matomo.play({ delayMillis: 300 });
  if (answers === 'hangs') matomo.play({ delayMillis: HOUR });
  // It is not asked again before the process ends.
  if (answers === 'refuses') matomo.play({ refusals: Infinity, retryAfterSeconds: 3600 });
  const env = {
    MATOMO_URL: url,
    MATOMO_SITE_ID: '1',
    // Only the end of the process sends, and it waits for nothing but answers.
    MATOMO_SCHEDULE_DELAY: NEVER,
    MATOMO_SHUTDOWN_TIMEOUT: NEVER,
    ...(spool && { MATOMO_SPOOL: spool.place }),
    ...row.env,
  };
  const app = await startServer([...REGISTER, APP], optionsOf(row, env));
  const isStored = row.isEarly !== true && env.MATOMO_SCHEDULE_DELAY === NEVER;
  await use(app, row, matomo, isStored ? spool : undefined);
  const exit = await app.exit();
  await eventually(matomo.isQuiet, { describe: () => 'the end of its connections' });
  return {
    exit,
    /** Names of hits that Matomo has tracked until then, and of those that are left to the next process. */
    tracked: sorted(matomo.tracked()),
    left: (await spool?.names()) ?? [],
    codes: codesOf(app),
    printed: printedBy(app),
  };
}

/** Where hits wait besides memory. */
interface OpenedSpool {
  readonly place: string;
  /** Of the hits in it. */
  names(): Promise<string[]>;
}

async function openSpool(place: Place): Promise<OpenedSpool | undefined> {
  if (place === 'memory') return undefined;
  const folder = temporaryFolder();
  return { place: folder, names: async () => namesInFolder(folder) };
}

/** Names of the hits in a folder. */
export function namesInFolder(folder: string): string[] {
  return linesIn(folder).map(nameIn);
}

/** Names of the hits in a Redis. */
export async function namesInRedis({ command }: RedisServer): Promise<string[]> {
  const streams = (await command('KEYS', 'matomo-spool:hits*')) as string[];
  const entries = await Promise.all(streams.map((name) => command('XRANGE', name, '-', '+')));
  const texts = JSON.stringify(entries).match(/\?idsite=1[^ "\\]*/g) ?? [];
  return texts.map(nameIn);
}

/** The name of the hit of which a spool has this text. */
function nameIn(text: string): string {
  return nameOf(new URLSearchParams(text.slice(text.indexOf('?'))));
}

/** Names of all hits of a row. */
export function expectedNames({ more, end }: Row): string[] {
  return sorted(['a', 'b', ...(more ?? (end ? [] : ['end']))]);
}

function optionsOf({ way, command, node, appEnv }: Row, env: Record<string, string>) {
  const all = { END: way, ...appEnv, ...env };
  return { env: all, ...(node && { node }), ...(command && { command }) };
}

/** Sends the first requests, waits until they are in the spool, if there is one, and ends the process. */
async function use(
  app: Server,
  { end = askForEnd }: Row,
  matomo?: BulkReceiver,
  spool?: OpenedSpool,
): Promise<void> {
  const running = toRunning(app, matomo);
  for (const path of ['/a', '/b']) await running.get(path);
  if (spool) await eventually(async () => (await spool.names()).length >= 2);
  await end(running);
}

/** Without the package, nothing waits for Matomo. */
function toRunning(app: Server, matomo?: BulkReceiver) {
  let hasEnded = false;
  void app.ended.then(() => {
    hasEnded = true;
  });
  return {
    /** Sends a request, which may have no answer. */
    async get(path: string): Promise<void> {
      await get(app.url + path).catch(() => '');
    },
    signal: (signal: NodeJS.Signals) => app.kill(signal),
    /** Sends it again and again until the process has ended. */
    async signalUntilEnd(signal: NodeJS.Signals) {
      await eventually(() => {
        if (!hasEnded) app.kill(signal);
        return hasEnded;
      });
    },
    async prints(text: string) {
      await eventually(() => app.stdout().includes(text), { describe: () => text });
    },
    /** Waits until Matomo has got so many bulks. */
    async sent(bulks: number) {
      await eventually(() => matomo === undefined || matomo.bulks.length >= bulks);
    },
    /** Waits until it has answered so many bulks. */
    async answered(bulks: number) {
      const count = () =>
        matomo?.bulks.filter(({ answeredMillis }) => answeredMillis < Infinity).length ?? Infinity;
      await eventually(() => count() >= bulks);
    },
    /** From now on, it answers at once. */
    recover: () => matomo?.play({}),
    /** It answers what waits for its answer. */
    answer: () => matomo?.answer(),
    /** From now on, it never answers, and tracks nothing. */
    hang: () => matomo?.play({ delayMillis: HOUR, refusals: Infinity }),
  };
}

function codesOf(app: Server): string[] {
  const lines = app.stderr().match(/^opentelemetry-matomo: .*$/gm) ?? [];
  return lines.map((line) => /\[([a-z0-9-]+)\]$/.exec(line)?.[1] ?? line);
}

function printedBy(app: Server): string {
  const printed = app.stdout().replace(/^http:.*\n/gm, '');
  const errors = app.stderr().replace(/^(?:opentelemetry-matomo: .*| +at .*\(node:.*)\n/gm, '');
  return printed + errors.replace(/\(node:\d+\)/g, '(node)');
}
