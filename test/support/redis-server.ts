import { connect, createServer } from 'node:net';
import { createClient } from 'redis';
import { onTestFinished } from 'vitest';
import { type Child, eventually, ROOT, startProgram } from './child-process.js';
import { freePort } from './free-port.js';
import { connectionsOf, listen } from './listen.js';
import { requires } from './skips.js';
import { temporaryFolder } from './temporary-folder.js';

const { REDIS_SERVER } = (await import(`${ROOT}scripts/redis.mjs`)) as {
  readonly REDIS_SERVER: string | undefined;
};

export type RedisServer = Awaited<ReturnType<typeof startRedis>>;

/**
 * A Redis of its own on loopback, which writes to its disk as an operator would have it. Skips the test if there is no
 * `redis-server`.
 */
export async function startRedis(...options: string[]) {
  requires('redis');
  const folder = temporaryFolder();
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let server: Child | undefined;
  const client = createClient({ url, RESP: 2, socket: { reconnectStrategy: 50 } });
  client.on('error', () => undefined);
  onTestFinished(() => client.destroy());

  async function kill(): Promise<void> {
    await server?.stop('SIGKILL');
  }

  async function start(): Promise<void> {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
    const command = [REDIS_SERVER as string, ...args, '--appendonly', 'yes', ...options];
    const started = startProgram(command);
    server = started;
    const ended = started.ended.then(({ code }) => `it ended with ${code}`);
    if (!client.isOpen) client.connect().catch(() => undefined);
    await eventually(() => client.isReady, { unless: ended, describe: started.stdout });
  }

  await start();
  return {
    url,
    get pid() {
      return (server as Child).pid;
    },
    command: (...args: string[]): Promise<unknown> => client.sendCommand(args),
    kill,
    start,
    signal: (signal: NodeJS.Signals) => server?.kill(signal),
  };
}

export const SPOOL_PLACES: readonly [place: string, open: () => Promise<string>][] = [
  ['a folder', async () => temporaryFolder()],
  ['Redis', async () => (await startRedis()).url],
];

type WireState = 'well' | 'cut' | 'dead' | 'mute' | 'refusing';

/** A wire to a port on loopback that can be cut, go dead without a word, lose all answers, or refuse commands like a proxy without a server. */
export async function startWire(targetPort: number) {
  let state: WireState = 'well';
  let muting: string | undefined;
  let refused = 0;
  const server = createServer((near) => {
    if (state === 'cut') {
      near.destroy();
      return;
    }
    const far = connect(targetPort, '127.0.0.1').on('error', () => undefined);
    near.on('close', () => far.destroy());
    near.on('data', (bytes) => {
      if (muting !== undefined && bytes.includes(muting)) {
        muting = undefined;
        state = 'mute';
      }
      if (state === 'refusing') {
        const commands = bytes.toString('latin1').match(/\*\d+\r\n\$/g) ?? [];
        refused += commands.length;
        near.write('-no upstream host\r\n'.repeat(commands.length));
      } else if (state !== 'dead') far.write(bytes);
    });
    far.on('close', () => near.destroy());
    far.on('data', (bytes: Buffer) => {
      if (state === 'well') near.write(bytes);
    });
  });
  const connections = connectionsOf(server);
  const { port } = new URL(await listen(server));
  return {
    port: Number(port),
    get refused() {
      return refused;
    },
    play(next: WireState) {
      // Lost bytes are not replayed: clients of a dead connection have to reconnect.
      if (next === 'cut' || state !== 'well') connections.destroy();
      state = next;
    },
    /** Loses all answers from the next command on that contains this text. */
    muteAt(text: string) {
      muting = text;
    },
  };
}

export async function hitsIn(redis: RedisServer): Promise<number> {
  let hits = 0;
  for (const key of (await redis.command('KEYS', 'matomo-spool:*')) as string[])
    if ((await redis.command('TYPE', key)) === 'stream')
      hits += (await redis.command('XLEN', key)) as number;
  return hits;
}
