import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { ROOT, startServer } from '../../support/child-process.js';
import { startMatomo } from '../../support/matomo.js';
import { optionsFrom } from '../../support/options-from.js';
import { startRedis } from '../../support/redis-server.js';
import { temporaryFolder } from '../../support/spool.js';
import { read } from './pages.js';

interface Named {
  readonly name: string;
}
interface FromSecret {
  readonly secretKeyRef: { readonly name: string; readonly key: string };
}
interface Container extends Named {
  readonly command: readonly [string, ...string[]];
  readonly env: readonly (Named & { readonly value?: string; readonly valueFrom?: FromSecret })[];
  readonly ports: readonly { readonly containerPort: number }[];
  readonly volumeMounts: readonly (Named & { readonly mountPath: string })[];
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
}
interface Deployment {
  readonly spec: {
    readonly replicas: number;
    readonly selector: object;
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly [Container];
        readonly volumes: readonly (Named & { readonly secret: { readonly secretName: string } })[];
      };
    };
  };
}

const PAGE = read('docs/kubernetes.md');
const [MANIFEST = '', REDIS = ''] = [...PAGE.matchAll(/```yaml\n(.*?)```/gs)].map(
  ([, yaml]) => yaml as string,
);
const deployment = parse(MANIFEST) as Deployment;
const { containers, volumes, terminationGracePeriodSeconds } = deployment.spec.template.spec;
const [container] = containers;
const env: Record<string, string> = Object.fromEntries(
  container.env.map(({ name, value, valueFrom }) => [name, value ?? secretOf(valueFrom)]),
);

/** What the command of the page writes into a secret. */
function secretOf(from: FromSecret | undefined): string {
  const { name, key } = from?.secretKeyRef ?? {};
  const [, value = ''] =
    new RegExp(`create secret generic ${name} .*--from-literal=${key}="(.*?)"`).exec(PAGE) ?? [];
  return value.replace('$password', 'a-password');
}

test('the file with the token is in the secret that the page creates', () => {
  const [, secret, file] = /create secret generic (\S+) --from-file=(\S+?)=/.exec(PAGE) ?? [];
  const [mount] = container.volumeMounts;
  expect(volumes).toEqual([{ name: mount?.name, secret: { secretName: secret } }]);
  expect(env.MATOMO_TOKEN_AUTH_FILE).toBe(`${mount?.mountPath}/${file}`);
});

test('every variable is valid, and the time to end suffices', () => {
  const { options, logged } = optionsFrom({ ...env, MATOMO_TOKEN_AUTH_FILE: tokenFile() });
  expect(logged).toEqual([]);
  expect(options).toMatchObject({ tokenAuth: 'a-token', trustProxy: 1, spool: env.MATOMO_SPOOL });
  const { seconds } = container.lifecycle.preStop.sleep;
  const longest = seconds + (options?.shutdownTimeoutMillis as number) / 1000;
  expect(terminationGracePeriodSeconds).toBeGreaterThan(2 * longest);
  expect(String(container.ports[0]?.containerPort)).toBe(env.PORT);
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

test('the Redis of the page starts, and has the name, the port and the volume that it needs', async () => {
  const [service, set, policy] = parseAllDocuments(REDIS).map((document) => document.toJS());
  const { spec } = set.spec.template;
  const [redis] = spec.containers;
  const { hostname, port, password } = new URL(env.MATOMO_SPOOL as string);
  expect(service.metadata.name).toBe(hostname);
  expect(service.spec.ports).toEqual([{ port: Number(port) }]);
  expect(service.spec.selector).toEqual(set.spec.template.metadata.labels);
  expect(set.spec.selector.matchLabels).toEqual(set.spec.template.metadata.labels);
  expect(set.spec.volumeClaimTemplates[0].metadata.name).toBe(redis.volumeMounts[0].name);
  const [command, ...args] = redis.args as string[];
  expect(command).toBe('redis-server');
  const [, folder] = args.splice(args.indexOf('--dir'), 2);
  expect(folder).toBe(redis.volumeMounts[0].mountPath);
  const [variable] = redis.env as Container['env'];
  expect(args.splice(args.indexOf('--requirepass'))).toEqual([
    '--requirepass',
    `$(${variable?.name})`,
  ]);
  expect(secretOf(variable?.valueFrom)).toBe(password);
  const server = await startRedis(...args);
  expect(await server.command('CONFIG', 'GET', 'maxmemory-policy')).toContain('noeviction');
  expect(policy.spec.podSelector).toEqual(set.spec.selector);
  expect(policy.spec.ingress[0].from[0].podSelector).toEqual(deployment.spec.selector);
  expect(policy.spec.ingress[0].ports).toEqual(service.spec.ports);
});

function tokenFile(): string {
  const file = join(temporaryFolder(), 'token');
  writeFileSync(file, 'a-token\n');
  return file;
}
