import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { ROOT, startServer } from '../../support/child-process.js';
import { startMatomo } from '../../support/matomo.js';
import { optionsFrom } from '../../support/options-from.js';
import { startRedis } from '../../support/redis-server.js';
import { requires } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runShell, shellOf } from './commands.js';
import { read } from './pages.js';

interface Named {
  readonly name: string;
}
interface Container extends Named {
  readonly command: readonly [string, ...string[]];
  readonly args: readonly string[];
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly env: readonly (Named & {
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
  })[];
}

const PAGE = read('docs/deploy.md');
const [MANIFEST = '', REDIS = ''] = [...PAGE.matchAll(/```yaml\n(.*?)```/gs)].map(
  ([, yaml]) => yaml as string,
);
const { containers, terminationGracePeriodSeconds } = parse(MANIFEST).spec.template.spec;
const [container] = containers as [Container];
const env: Record<string, string> = Object.fromEntries(
  container.env.map(({ name, value, valueFrom }) => [name, value ?? secretOf(valueFrom)]),
);

/** What the command of the page writes into a secret. */
function secretOf(from: Container['env'][number]['valueFrom']): string {
  const { name, key } = from?.secretKeyRef ?? {};
  const [, value = ''] =
    new RegExp(`create secret generic ${name} .*--from-literal=${key}="(.*?)"`).exec(PAGE) ?? [];
  return value.replace('$password', 'a-password');
}

test('every variable is valid, and the time to end suffices', () => {
  const { options, logged } = optionsFrom({ ...env, MATOMO_TOKEN_AUTH_FILE: tokenFile() });
  expect(logged).toEqual([]);
  expect(options).toMatchObject({ tokenAuth: 'a-token', trustProxy: 1, spool: env.MATOMO_SPOOL });
  const { seconds } = container.lifecycle.preStop.sleep;
  const longest = seconds + (options?.shutdownTimeoutMillis as number) / 1000;
  expect(terminationGracePeriodSeconds).toBeGreaterThan(2 * longest);
});

test('the container, without its spool, sends the clients of the ingress and no probes, the last ones after SIGTERM', async () => {
  const inspector = await startMatomo();
  const [node, ...args] = container.command;
  expect(node).toBe('node');
  const { MATOMO_SPOOL: _, ...kept } = env;
  const server = await startServer(args, {
    cwd: `${ROOT}examples/esm`,
    env: { ...kept, PORT: '0', MATOMO_URL: inspector.url, MATOMO_TOKEN_AUTH_FILE: tokenFile() },
  });
  const ask = async (headers: Record<string, string>) =>
    (
      await fetch(`${server.url}/parcels/7`, { headers: { connection: 'close', ...headers } })
    ).text();
  await ask({ 'user-agent': 'kube-probe/1.34' });
  await ask({ 'x-forwarded-for': '192.0.2.1, 203.0.113.9' });
  await server.stop();
  expect(inspector.hits().map(({ params }) => params)).toMatchObject([{ cip: '203.0.113.9' }]);
});

test('the Redis of the page starts, with a password and without evictions', async () => {
  const set = parseAllDocuments(REDIS)[1]?.toJS();
  const [redis] = set.spec.template.spec.containers as [Container];
  const [command, ...args] = redis.args;
  expect(command).toBe('redis-server');
  args.splice(args.indexOf('--dir'), 2);
  const { password } = new URL(env.MATOMO_SPOOL as string);
  expect(secretOf(redis.env[0]?.valueFrom)).toBe(password);
  expect(args.splice(args.indexOf('--requirepass'))).toEqual([
    '--requirepass',
    `$(${redis.env[0]?.name})`,
  ]);
  const server = await startRedis(...args);
  expect(await server.command('CONFIG', 'GET', 'maxmemory-policy')).toContain('noeviction');
});

test('the function of the page runs commands of the spool in the container of Redis', async () => {
  requires('redis-cli');
  const redis = await startRedis('--requirepass', 'a-password');
  const { port } = new URL(redis.url);
  const folder = temporaryFolder();
  writeProgram(
    folder,
    'kubectl',
    '[ "$1 $2 $3" = "exec statefulset/matomo-spool --" ]; shift 3; exec "$@"',
  );
  writeProgram(folder, 'redis-cli', `PATH="\${PATH#*:}" exec redis-cli -p ${port} "$@"`);
  const [block = ''] = shellOf('docs/deploy.md', 'What does Redis need?');
  const [definition = '', count = ''] = block.split('\n');
  const [functions = ''] = shellOf('docs/spool.md', 'How do I count and read hits in Redis?');
  const add = "spool XADD matomo-spool:hits:token '*' h 'a line'";
  const remove = shellOf('docs/versions.md', 'How do I remove the spool?').at(-1) ?? '';
  const all = [functions, definition, add, count, remove].join('\n');
  const PATH = `${folder}:${process.env.PATH}`;
  const [id, ...lines] = await runShell(all, { env: { PATH, REDIS_PASSWORD: 'a-password' } });
  expect([/^\d+-0$/.test(id as string), lines]).toEqual([true, ['1', '1']]);
});

function writeProgram(folder: string, name: string, script: string): void {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh -e\n${script}\n`);
  chmodSync(file, 0o755);
}

function tokenFile(): string {
  const file = join(temporaryFolder(), 'token');
  writeFileSync(file, 'a-token\n');
  return file;
}
