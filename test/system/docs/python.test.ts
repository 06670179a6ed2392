import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RECEIVER_OPTIONS } from '../../../src/gateway/receiver-options.js';
import { eventually, startProgram } from '../../support/child-process.js';
import { freePort } from '../../support/free-port.js';
import { startGateway } from '../../support/gateway.js';
import { requires } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { read } from './pages.js';

const PAGE = read('docs/gateway.md');
const [, SECTION = ''] = /^## How do I track a Python service\?\n(.*?)^## /ms.exec(PAGE) ?? [];
const [, COMMANDS = ''] = /```sh\n(.*?)```/s.exec(SECTION) ?? [];
const variables: Record<string, string> = Object.fromEntries(
  [...COMMANDS.matchAll(/\b(OTEL_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
);
const command = COMMANDS.trim().split('\n').at(-1) as string;

test('the endpoint is where the gateway listens', () => {
  const { host, port } = RECEIVER_OPTIONS.listen.default as { host: string; port: number };
  expect(variables.OTEL_EXPORTER_OTLP_ENDPOINT).toBe(`http://${host}:${port}`);
});

test('the Flask command makes one hit per request', async () => {
  requires('OpenTelemetry for Python');
  const { gateway, inspector } = await startGateway();
  const [, app] = /--app (\w+)/.exec(command) ?? [];
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, `${app}.py`),
    'from flask import Flask\napp = Flask(__name__)\n\n@app.get("/users/<id>")\ndef user(id):\n    return id\n',
  );
  const port = String(await freePort());
  startProgram(command.split(' '), {
    cwd: folder,
    env: { ...variables, OTEL_EXPORTER_OTLP_ENDPOINT: gateway.url, FLASK_RUN_PORT: port },
  });
  await eventually(() =>
    fetch(`http://127.0.0.1:${port}/users/7`, {
      headers: { referer: 'https://shop.example/' },
    }).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  await eventually(() => inspector.hits().length > 0);
  expect(inspector.hits().map(({ params }) => params)).toMatchObject([
    { action_name: 'GET /users/<id>', urlref: 'https://shop.example/' },
  ]);
});
