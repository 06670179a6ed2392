import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { createDiagnostics, show } from '../../src/common/diagnostics.js';
import { eventually, ROOT } from '../support/child-process.js';
import { captureOutput } from '../support/output.js';
import { get, REGISTER } from '../support/registered-app.js';

/** Listens once it is told to, answers one request and ends. */
const APP = `
  const server = require('node:http').createServer((_, response) => {
    response.end('hello');
    server.close();
  });
  process.stdin.once('data', () => {
    process.stdin.destroy();
    server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port));
  });
`;

test('a log pipe whose reader is gone does not end the application', async () => {
  // Nothing is tracked without a site, and the package writes why.
  const env = { PATH: process.env.PATH, MATOMO_URL: 'http://127.0.0.1:1' };
  const child = spawn(process.execPath, [...REGISTER, '-e', APP], { cwd: ROOT, env });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  child.stderr.destroy();
  await once(child.stderr, 'close');
  child.stdin.write('go\n');
  const url = await eventually(() => /http:\S+/.exec(output)?.[0], {
    unless: exited.then(([code]) => `it ended with ${code}`),
  });
  expect(await get(url)).toBe('hello');
  expect(await exited).toEqual([0, null]);
});

test('a value in a message cannot control a terminal', () => {
  expect(show('a\x1b[2J\x9b2J\x7fb\nc')).toBe('"a\\u001b[2J 2J b\\nc"');
  expect(show('a\u202etxt.exe\u2066b')).toBe('"a txt.exe b"');
});

test('names that senders invent leave room for other warnings', () => {
  const output = captureOutput();
  const { warnOnce } = createDiagnostics();
  for (let i = 0; i < 1000; i++) warnOnce(`parameter ${i}`, () => `parameter ${i} is unknown`);
  for (let i = 0; i < 2; i++) warnOnce('shutdown', 'hits were lost');
  expect(output.filter((line) => line.includes('is unknown'))).toHaveLength(20);
  expect(output.filter((line) => line.includes('hits were lost'))).toHaveLength(1);
});
