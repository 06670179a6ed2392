import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startProgram } from '../../support/child-process.js';
import { startGateway } from '../../support/gateway.js';
import { listen } from '../../support/listen.js';
import { exportRequest, requestSpan } from '../../support/otlp-spans.js';
import { requires } from '../../support/skips.js';
import { sorted } from '../../support/sorted.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { read } from './pages.js';

const [, COMMAND = ''] =
  /## How do I send recorded spans\?.*?```sh\n(.*?)```/s.exec(read('docs/gateway.md')) ?? [];

/** Runs the command of the page for a file with these lines, the last without its line feed. */
async function sendRecorded(url: string, lines: readonly string[]) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'spans.jsonl'), lines.join('\n'));
  const command = COMMAND.replace('http://127.0.0.1:4318', url);
  const child = startProgram(['sh', '-c', command], { cwd: folder });
  return { ...(await child.exit()), output: child.stdout() + child.stderr() };
}

test('the command sends each line of recorded spans, and names exports that the gateway rejects', async () => {
  requires('curl');
  const { gateway, inspector } = await startGateway();
  const agents = ['a', 'b"\\n%s $HOME', 'c'];
  const secondsAgo = BigInt(Math.floor(Date.now() / 1000) - 7 * 24 * 3600);
  const time = String(secondsAgo * 1_000_000_000n);
  const times = { startTimeUnixNano: time, endTimeUnixNano: time };
  const lines = agents.map((agent) =>
    exportRequest([requestSpan('/x', times, { 'user_agent.original': agent })]),
  );
  const ended = await sendRecorded(gateway.url, ['no JSON', ...lines]);
  expect(ended).toEqual({
    code: 0,
    signal: null,
    output: expect.stringMatching(/^curl: .* 400\n$/),
  });
  await gateway.close();
  const sent = inspector.hits().map(({ params }) => `${params.cdt} ${params.ua}`);
  expect(sorted(sent)).toEqual(agents.map((agent) => `${secondsAgo} ${agent}`));
});

test('the command waits while the gateway is full', async () => {
  requires('curl');
  const { gateway, inspector } = await startGateway();
  let answers = 0;
  const url = await listen((request, response) => {
    answers += 1;
    if (answers === 1) return response.writeHead(503, { 'Retry-After': '1' }).end();
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', async () => {
      const headers = { 'content-type': String(request.headers['content-type']) };
      const body = Buffer.concat(parts);
      const answer = await fetch(gateway.url + request.url, { method: 'POST', headers, body });
      response.writeHead(answer.status).end(await answer.text());
    });
  });
  const lines = ['/a', '/b'].map((path) => exportRequest([requestSpan(path)]));
  expect(await sendRecorded(url, lines)).toMatchObject({ code: 0 });
  await gateway.close();
  expect([answers, inspector.hits().length]).toEqual([3, 2]);
});
