import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startMatomoSite } from '../cli/matomo-site.js';
import { eventually, runNode, startNode, startServer } from '../support/child-process.js';
import { MAIN } from '../support/cli.js';
import { freePort } from '../support/free-port.js';
import { npm, packPackage } from '../support/installed-app.js';
import { tokenOf } from '../support/matomo-api.js';
import { get, matomo, titles } from '../support/registered-app.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { read } from './docs/pages.js';

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
async function expectTracked(folder: string): Promise<void> {
  for (const [name, code] of Object.entries(APPS)) {
    writeFileSync(join(folder, name), code);
    const { inspector, env } = await matomo();
    const args = ['--import', 'opentelemetry-matomo/register', name];
    const app = await startServer(args, { cwd: folder, env });
    await get(`${app.url}/users/1`);
    await get(`${app.url}/nothing`);
    await app.stop();
    expect([name, ...titles(inspector)]).toEqual([name, 'GET /users/:id', 'GET Not Found']);
    // What frameworks warn of is theirs.
    expect(app.stderr()).not.toContain('opentelemetry-matomo:');
  }
}

type Command = { readonly args: readonly string[]; readonly env: Record<string, string> };

/** The commands in each shell block of a page, as `node` gets them, with the variables set before them. Matomo is at `url`. */
function commandsOf(page: string, url: string): Command[][] {
  const blocks = [...read(page).matchAll(/```sh\n(.*?)```/gs)].map(([, code = '']) => code);
  return blocks.map((code) => {
    const exported: Record<string, string> = {};
    return code
      .trim()
      .split('\n')
      .map((line) => {
        const words = line.replace(/ #.*/, '').trim();
        const assigned = [...words.matchAll(/\b([A-Z_]+)=(?:'([^']*)'|(\S+))/g)].map(
          ([, name, quoted, plain]) => [name, name === 'MATOMO_URL' ? url : (quoted ?? plain)],
        );
        if (words.startsWith('export ')) Object.assign(exported, Object.fromEntries(assigned));
        const [, command = ''] = /\b(?:node|npx) (.*)$/.exec(words) ?? [];
        const main = `node_modules/opentelemetry-matomo/${MAIN} `;
        const args = command.replace(/^opentelemetry-matomo /, main).split(' ');
        const env = { ...exported, ...Object.fromEntries(assigned) } as Record<string, string>;
        return { args: command === '' ? [] : args, env };
      });
  });
}

test('npm: an application in an empty folder is tracked with nothing else to install, and the commands of README show a request, set Matomo up, and check it', async () => {
  const folder = temporaryFolder();
  await npm(folder, ['init', '--yes']);
  await npm(folder, ['install', await packPackage(), 'express']);
  await expectTracked(folder);
  writeFileSync(join(folder, 'app.js'), APPS['app.cjs']);
  const url = `http://127.0.0.1:${await freePort()}`;
  const blocks = commandsOf('README.md', url);
  const [[, inspect, seen], [setup], starting, [check]] = blocks as [
    ...[[Command, Command, Command], [Command], Command[], [Command]],
  ];
  const run = ({ args, env }: Command, ...more: string[]) =>
    runNode([...args, ...more], { cwd: folder, env: { ...env, ...token } });
  const token = { MATOMO_TOKEN_AUTH: tokenOf('write') };
  const inspector = startNode([...inspect.args, '--port', new URL(url).port], { cwd: folder });
  await eventually(() => fetch(url).catch(() => false));

  const started = starting.at(-1) as Command;
  const { url: MATOMO_URL } = await startMatomoSite();
  const { code, stdout } = await run({ ...setup, env: { ...setup.env, MATOMO_URL } }, '--yes');
  expect(code).toBe(0);
  expect(stdout).toContain(`MATOMO_DIMENSIONS=${started.env.MATOMO_DIMENSIONS}\n`);

  for (const { args, env } of [seen, started]) {
    const app = await startServer(args, { cwd: folder, env: { ...env, ...token } });
    await get(`${app.url}/users/7`);
    await app.stop();
    expect(app.stderr()).toBe('');
  }
  await eventually(() => (inspector.stdout().match(/GET \/users\/:id/g)?.length ?? 0) >= 2);
  expect((await run({ ...check, env: started.env })).code).toBe(0);
});
