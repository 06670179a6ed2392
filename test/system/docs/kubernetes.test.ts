import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT, startServer } from '../../support/child-process.js';
import { startMatomo } from '../../support/matomo.js';
import { optionsFrom } from '../../support/options-from.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { fetchFrom } from '../../support/traced-service.js';
import { read } from './pages.js';

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

const PAGE = read('docs/deploy.md');
const [, MANIFEST = ''] = /```yaml\n(.*?)```/s.exec(PAGE) ?? [];
const { containers, terminationGracePeriodSeconds } = parse(MANIFEST).spec.template.spec;
const [container] = containers;
const env: Record<string, string> = Object.fromEntries(
  container.env.map(({ name, value, valueFrom }: Variable) => [name, value ?? secretOf(valueFrom)]),
);

/** What the command of the page writes into a secret. */
function secretOf(from: Variable['valueFrom']): string {
  const { name, key } = from?.secretKeyRef ?? {};
  const [, value = ''] =
    new RegExp(`create secret generic ${name} .*--from-literal=${key}="(.*?)"`).exec(PAGE) ?? [];
  return value;
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
  const port = Number(new URL(server.url).port);
  for (const headers of [
    { 'user-agent': 'kube-probe/1.34' },
    { 'x-forwarded-for': '192.0.2.1, 203.0.113.9' },
  ])
    await fetchFrom(port, '/parcels/7', { headers: headers as Record<string, string> });
  await server.stop();
  expect(inspector.hits().map(({ params }) => params)).toMatchObject([{ cip: '203.0.113.9' }]);
});

function tokenFile(): string {
  const file = join(temporaryFolder(), 'token');
  writeFileSync(file, 'a-token\n');
  return file;
}
