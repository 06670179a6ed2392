import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createClient } from 'redis';
import { onTestFinished } from 'vitest';
import { eventually, ROOT } from './child-process.js';
import { freePort } from './free-port.js';
import { listen } from './listen.js';
import { requires } from './skips.js';
import { temporaryFolder } from './spool.js';

/** `scripts/redis.mjs`, which is plain JavaScript. */
const { REDIS_SERVER } = (await import(`${ROOT}scripts/redis.mjs`)) as {
  readonly REDIS_SERVER: string | undefined;
};

/** A Redis of its own on loopback, which writes to its disk as an operator would have it. */
export interface RedisServer {
  readonly url: string;
  readonly pid: number;
  /** What `redis-cli` would answer. */
  command(...args: string[]): Promise<unknown>;
  kill(): Promise<void>;
  /** With what was on disk. */
  start(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

/** Skips the test if there is no `redis-server`. */
export async function startRedis(...options: string[]): Promise<RedisServer> {
  requires('redis');
  const folder = temporaryFolder();
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const client = createClient({ url, RESP: 2, socket: { reconnectStrategy: 50 } });
  client.on('error', () => undefined);

  async function kill(): Promise<void> {
    if (!child) return;
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
    child = undefined;
  }

  async function start(): Promise<void> {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
    child = spawn(REDIS_SERVER as string, [...args, '--appendonly', 'yes', ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const ended = once(child, 'close').then(([code]) => `it ended with ${code}`);
    if (!client.isOpen) client.connect().catch(() => undefined);
    await eventually(() => client.isReady, { unless: ended, describe: () => output });
  }

  onTestFinished(async () => {
    client.destroy();
    await kill();
  });
  await start();
  return {
    url,
    get pid() {
      return child?.pid as number;
    },
    command: (...args) => client.sendCommand(args),
    kill,
    start,
    signal: (signal) => void child?.kill(signal),
  };
}

/** Where a spool can be, and what makes an empty one there. */
export const SPOOL_PLACES: readonly [place: string, open: () => Promise<string>][] = [
  ['a folder', async () => temporaryFolder()],
  ['Redis', async () => (await startRedis()).url],
];

type WireState = 'well' | 'cut' | 'dead' | 'mute';

/** A wire to a port on loopback that can be cut, go dead without a word, or lose all answers. */
export interface Wire {
  readonly port: number;
  /** How many there have been, also those that were cut at once. */
  readonly connections: number;
  play(state: WireState): void;
  /** Loses all answers from the next command on that contains this text. */
  muteAt(text: string): void;
}

export async function startWire(targetPort: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let state: WireState = 'well';
  let connections = 0;
  let muting: string | undefined;
  const server = createServer((near) => {
    connections += 1;
    if (state === 'cut') {
      near.destroy();
      return;
    }
    const far = connect(targetPort, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (from === near && muting !== undefined && bytes.includes(muting)) {
          muting = undefined;
          state = 'mute';
        }
        if (state === 'well' || (state === 'mute' && from === near)) to.write(bytes);
      });
      from
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(from);
          to.destroy();
        });
    }
  });
  const { port } = new URL(await listen(server));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return {
    port: Number(port),
    get connections() {
      return connections;
    },
    play(next) {
      // Lost bytes are not replayed: clients of a dead connection have to reconnect.
      if (next === 'cut' || state !== 'well') for (const socket of sockets) socket.destroy();
      state = next;
    },
    muteAt(text) {
      muting = text;
    },
  };
}
