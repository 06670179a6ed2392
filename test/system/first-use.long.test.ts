import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runNode, startServer } from '../support/child-process.js';
import { npm, packPackage } from '../support/installed-app.js';
import { get, matomo, titles } from '../support/registered-app.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const LISTEN = `
const server = app.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port));
`;
const ROUTE = `
const app = express();
app.get('/users/:id', (request, response) => response.send('ok'));${LISTEN}`;
const APPS = {
  'app.cjs': `const express = require('express');${ROUTE}`,
  'app.mjs': `import express from 'express';${ROUTE}`,
};
/** Writes the applications, starts each as the README says, and has it answer two requests. */
async function expectTracked(folder: string, before: readonly string[] = []): Promise<void> {
  for (const [name, code] of Object.entries(APPS)) {
    writeFileSync(join(folder, name), code);
    const { inspector, env } = await matomo();
    const flag = before.length === 0 ? '--import' : '--require';
    const args = [...before, flag, 'opentelemetry-matomo/register', name];
    const app = await startServer(args, { cwd: folder, env });
    await get(`${app.url}/users/1`);
    await get(`${app.url}/nothing`);
    await app.stop();
    expect([name, ...titles(inspector)]).toEqual([name, 'GET /users/:id', 'GET Not Found']);
    // What frameworks and loaders of package managers warn of is theirs.
    expect(app.stderr()).not.toContain('opentelemetry-matomo:');
  }
}

/** A program that npm installs, with the registry, certificates and proxies that npm uses. */
async function installer(name: string, file: string) {
  const tools = temporaryFolder();
  await npm(tools, ['init', '--yes']);
  await npm(tools, ['install', '--ignore-scripts', name]);
  const [registry = '', certificates = 'null'] = await Promise.all(
    ['registry', 'cafile'].map(async (key) => (await npm(tools, ['config', 'get', key])).trim()),
  );
  const proxies = Object.entries(process.env).filter(([key]) => /_proxy$/i.test(key));
  return async (cwd: string, args: readonly string[]) => {
    const env = {
      ...Object.fromEntries(proxies),
      ...(certificates === 'null' ? {} : { NODE_EXTRA_CA_CERTS: certificates }),
      YARN_NPM_REGISTRY_SERVER: registry,
      npm_config_registry: registry,
      YARN_ENABLE_TELEMETRY: '0',
      CI: '',
    };
    const child = await runNode([join(tools, 'node_modules', file), ...args], {
      cwd,
      env,
      timeoutMillis: 300_000,
    });
    expect(child.code, child.stdout + child.stderr).toBe(0);
  };
}

test('npm: an application in an empty folder is tracked with nothing else to install', async () => {
  const folder = temporaryFolder();
  await npm(folder, ['init', '--yes']);
  await npm(folder, ['install', await packPackage(), 'express']);
  await expectTracked(folder);
});

test('pnpm', async () => {
  const folder = temporaryFolder();
  const pnpm = await installer('pnpm@10', 'pnpm/bin/pnpm.cjs');
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'shop', private: true }));
  await pnpm(folder, ['add', '--ignore-scripts', await packPackage(), 'express']);
  await expectTracked(folder);
});

test('Yarn with the linker pnp', async () => {
  const folder = temporaryFolder();
  const yarn = await installer('@yarnpkg/cli-dist@4', '@yarnpkg/cli-dist/bin/yarn.js');
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'shop', private: true }));
  writeFileSync(join(folder, 'yarn.lock'), '');
  writeFileSync(join(folder, '.yarnrc.yml'), 'nodeLinker: pnp\n');
  await yarn(folder, [
    'add',
    `opentelemetry-matomo@file:${await packPackage()}`,
    'express',
    '@opentelemetry/api',
  ]);
  const loaders = ['--require', './.pnp.cjs', '--experimental-loader', './.pnp.loader.mjs'];
  await expectTracked(folder, loaders);
});
