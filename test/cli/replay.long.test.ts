import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { OTLP_RECORDINGS, otlpRecording } from '../gateway/otlp-recordings.js';
import { eventually, runNode, startNode } from '../support/child-process.js';
import { MAIN } from '../support/cli.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { listen } from '../support/listen.js';
import { below, exportRequest, hitEvent, otlpSpan, requestSpan } from '../support/otlp-spans.js';
import { matomo } from '../support/registered-app.js';
import { requires } from '../support/skips.js';
import { sorted } from '../support/sorted.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const BATCH = 5;

async function setUp(lines: readonly string[], name = 'spans.jsonl', stateName = 'state.json') {
  const { inspector, env } = await matomo();
  const folder = temporaryFolder();
  const file = join(folder, name);
  const state = join(folder, stateName);
  const text = `${lines.join('\n')}\n`;
  writeFileSync(file, name.endsWith('.gz') ? gzipSync(text) : text);
  return {
    inspector,
    state,
    args: [MAIN, 'replay', file, '--state', state],
    options: {
      env: {
        ...env,
        MATOMO_TOKEN_AUTH: 'a-token',
        MATOMO_MAX_EXPORT_BATCH_SIZE: String(BATCH),
        MATOMO_TITLE_PATHS: 'raw',
      },
    },
  };
}

test.each(['spans.jsonl', 'spans.jsonl.gz'])(
  '%s: every recorded request is one hit, at its own time',
  async (name) => {
    const recordings = OTLP_RECORDINGS.map(otlpRecording);
    const lines = recordings.flatMap(({ requests }) =>
      requests.map(({ decoded }) => JSON.stringify(decoded)),
    );
    const { inspector, args, options } = await setUp(['no JSON', ...lines, ''], name);
    const { code, stderr } = await runNode(args, options);
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('1 lines and 0 spans not readable'),
    ]);
    const expected = recordings
      .flatMap((recording) => recording.expected)
      .filter(({ server_span_missing }) => !server_span_missing);
    const times = expected.map(({ start_unix_ns }) => start_unix_ns.slice(0, 10));
    expect(sorted(inspector.hits().map(({ params }) => params.cdt))).toEqual(sorted(times));
  },
);

test('killed at any instant, it continues where it was: nothing is missing, and each kill duplicates at most one bulk', async () => {
  const paths = Array.from({ length: 120 }, (_, i) => `/${i}`);
  const lines = paths.map((path) => {
    const request = requestSpan(path);
    return exportRequest([below(request), request]);
  });
  const { inspector, args, options } = await setUp(lines);
  const slow = [...args, '--rate', '100'];
  for (const atLeast of [10, 50]) {
    const replay = startNode(slow, options);
    await eventually(() => inspector.hits().length >= atLeast);
    await replay.stop('SIGKILL');
  }
  const done = inspector.hits().length;
  expect(done).toBeLessThan(120);
  const { code } = await runNode(slow, options);
  expect(code).toBe(0);
  expect(new Set(inspector.hits().map(({ stored }) => stored?.title)).size).toBe(120);
  expect(inspector.hits().length).toBeLessThanOrEqual(120 + 2 * BATCH);
});

test.each(['SIGINT', 'SIGHUP'] as const)(
  'a rate so low that the next bulk is due in more than 24.8 days waits for it, and %s ends the wait',
  async (signal) => {
    const lines = ['/a', '/b', '/c', '/d', '/e', '/f'].map((path) =>
      exportRequest([requestSpan(path)]),
    );
    const { inspector, args, options } = await setUp(lines);
    const replay = startNode([...args, '--rate', '0.000001'], options);
    await eventually(() => inspector.hits().length === BATCH);
    const { code } = await replay.stop(signal);
    expect([code, inspector.hits().length]).toEqual([1, BATCH]);
    expect(replay.stderr()).not.toContain('TimeoutOverflowWarning');
  },
);

test('a signal ends a replay of a pipe that stands still', async () => {
  requires('signals');
  const { args, options, state } = await setUp([]);
  const pipe = join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const [main = '', name = '', , ...rest] = args;
  // Opened for writing too, so that it has no end.
  const command = ['sh', '-c', `exec "$0" "$@" <> ${pipe}`];
  const replay = startNode([main, name, '/dev/stdin', ...rest], { ...options, command });
  await eventually(() => existsSync(state));
  expect(await replay.stop()).toEqual({ code: 1, signal: null });
  expect(replay.stderr()).toContain('0 requests from 0 spans, 0 lines and 0 spans not readable\n');
});

test('the last line of the report counts everything', async () => {
  const lines = Array.from({ length: 12 }, (_, i) => exportRequest([requestSpan(`/${i}`)]));
  const { args, options } = await setUp([...lines, 'no JSON']);
  const { stderr } = await runNode(args, options);
  expect(stderr.trim().split('\n').at(-1)).toBe(
    '12 requests from 12 spans, 1 lines and 0 spans not readable',
  );
});

test('files without a readable line are an error', async () => {
  const { args, options } = await setUp(['no JSON', 'no JSON either']);
  const { code, stderr } = await runNode(args, options);
  expect([code, stderr]).toEqual([1, expect.stringContaining('OTLP JSON')]);
});

test('signals that come again while the last hits are sent change nothing', async () => {
  const { args, options } = await setUp([exportRequest([requestSpan('/a')])]);
  let bulks = 0;
  const url = await listen(() => {
    bulks += 1; // without an answer
  });
  const env = { ...options.env, MATOMO_URL: url, MATOMO_EXPORT_TIMEOUT: '5000' };
  const replay = startNode(args, { env });
  await eventually(() => bulks > 0);
  // Long before its end: while Node.js frees its memory, a signal still ends it.
  let left = 5;
  const again = setInterval(() => {
    replay.kill('SIGINT');
    left -= 1;
    if (left === 0) clearInterval(again);
  }, 50);
  expect(await replay.exit()).toEqual({ code: 1, signal: null });
  expect(replay.stderr()).toContain('Run the same command again');
});

test('spans of a request may be in other lines, far from it', async () => {
  const requests = Array.from({ length: 9000 }, (_, i) => requestSpan(`/${i}`));
  const timed = requests.filter((_, i) => i % 1000 === 0);
  const lines = Array.from({ length: 90 }, (_, i) =>
    exportRequest(requests.slice(i * 100, i * 100 + 100)),
  );
  for (const [i, request] of timed.entries()) {
    const far = i % 2 === 0 ? 40 : -40;
    const line = Math.min(89, Math.max(0, i * 10 + far));
    lines[line] =
      `${lines[line]}\n${exportRequest([below(request, { 'matomo.perf_key': 'pf_dm1' })])}`;
  }
  const { inspector, args, options } = await setUp(lines);
  const env = { ...options.env, MATOMO_MAX_EXPORT_BATCH_SIZE: '2000' };
  const { code, stderr } = await runNode([...args, '--rate', '1000000'], { env });
  expect([code, stderr]).toEqual([0, expect.stringContaining('0 lines and 0 spans not readable')]);
  const hits = inspector.hits().filter(({ params }) => params.pf_dm1 === '10');
  expect(sorted(hits.map(({ stored }) => stored?.title))).toEqual(
    sorted(timed.map(({ name }) => name)),
  );
});

test('a dry run sends nothing and leaves no state; what is done is not sent again', async () => {
  const { inspector, args, options, state } = await setUp([exportRequest([requestSpan('/a')])]);
  for (const dry of [
    await runNode([...args, '--dry-run'], options),
    await runNode(args, { env: { ...options.env, MATOMO_DRY_RUN: ' True\n' } }),
  ]) {
    expect(dry.stderr).toContain('action_name=GET /a');
    expect([existsSync(state), inspector.hits()]).toEqual([false, []]);
  }
  expect((await runNode(args, options)).stderr).not.toContain('spans.jsonl');
  expect((await runNode(args, options)).stderr).toContain('spans.jsonl');
  expect(inspector.hits()).toHaveLength(1);
  expect(readFileSync(state, 'utf8')).toContain('"isDone": true');
});

test.each([
  ['x', '.', '" cannot be read: EISDIR'],
  ['does-not-exist', 'state.json', '"does-not-exist" cannot be read: ENOENT'],
  ['does-not-exist.gz', 'state.json', '"does-not-exist.gz" cannot be read: ENOENT'],
])('%s with the state %s is refused with a line that says why', async (file, state, line) => {
  const { env } = await matomo();
  const args = [MAIN, 'replay', file, '--state', join(temporaryFolder(), state)];
  const { code, stderr } = await runNode(args, { env });
  expect([code, stderr]).toEqual([1, expect.stringContaining(line)]);
  expect(stderr.split('\n')).toHaveLength(2);
});

test('if the progress cannot be stored, nothing is sent, because it would be sent again', async () => {
  const lines = [exportRequest([requestSpan('/a')])];
  const { inspector, args, options } = await setUp(lines, 'spans.jsonl', 'missing/state.json');
  const { code, stderr } = await runNode(args, options);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/state\.json" cannot be written: ENOENT/),
  ]);
  expect(inspector.hits()).toEqual([]);
});

test('services and scopes that the environment names', async () => {
  const lines = ['shop', 'stock'].map((name) =>
    exportRequest([requestSpan(`/${name}`)], { 'service.name': name }),
  );
  const { inspector, args, options } = await setUp(lines);
  const env = { ...options.env, MATOMO_GATEWAY_SERVICES: '/^STO/i', MATOMO_GATEWAY_SCOPES: 'test' };
  expect((await runNode(args, { env })).code).toBe(0);
  expect(inspector.hits().map(({ stored }) => stored?.title)).toEqual(['GET /stock']);
});

test('a request that makes Matomo fail alone does not stop the rest', async () => {
  const lines = ['/a', '/poison', '/b'].map((path) => {
    const request = requestSpan(path);
    return exportRequest([below(request), request]);
  });
  const { inspector, args, options } = await setUp(lines);
  const proxy = await startFaultProxy();
  proxy.forwardTo(inspector.url);
  const where = (body: string) => body.includes('poison');
  await proxy.play({ kind: 'answer', where, status: '500 Oops' });
  const env = { ...options.env, MATOMO_URL: proxy.url, MATOMO_MAX_EXPORT_BATCH_SIZE: '1' };
  const { code, stderr } = await runNode(args, { ...options, env });
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('[lost-at-shutdown]');
  expect(inspector.hits()).toHaveLength(2);
}, 60_000);

test('events named matomo.hit are replayed with their requests, and alone if they name a visitor', async () => {
  const requests = ['/1', '/2', '/3'].map((path) => {
    const request = requestSpan(path, { events: [hitEvent({ e_c: 'at', e_a: path })] });
    const child = below(request, {}, { events: [hitEvent({ idgoal: 1, revenue: 2 })] });
    return exportRequest([child, request]);
  });
  const job = otlpSpan({}, { kind: 5, events: [hitEvent({ e_c: 'job', e_a: 'x', uid: 'ann' })] });
  const { inspector, args, options } = await setUp([...requests, exportRequest([job])]);
  const { code } = await runNode(args, options);
  expect(code).toBe(0);
  const hits = inspector.hits().map(({ params }) => params);
  expect(hits).toHaveLength(10);
  expect(hits.filter(({ uid }) => uid === 'ann')).toMatchObject([{ e_c: 'job' }]);
  expect(sorted(hits.map(({ e_a, idgoal }) => e_a ?? idgoal))).toMatchObject(
    expect.arrayContaining(['/1', '/2', '/3', '1', 'x']),
  );
});

test('operations behind one endpoint: titles name those that spans name', async () => {
  const posted = { 'http.request.method': 'POST' };
  const graphql = requestSpan('/graphql', {}, posted);
  const rpc = requestSpan('/rpc', {}, posted);
  const procedure = requestSpan('/trpc/user.byId,user.list', {}, { 'url.query': 'batch=1' });
  const spans = [
    graphql,
    below(graphql, { 'graphql.operation.name': 'CreateOrder' }),
    rpc,
    below(rpc, { 'rpc.system': 'jsonrpc', 'rpc.method': 'eth_getBalance' }),
    procedure,
  ];
  const { inspector, args, options } = await setUp([exportRequest(spans)]);
  const { code } = await runNode(args, options);
  expect(code).toBe(0);
  expect(sorted(inspector.hits().map(({ stored }) => stored?.title))).toEqual([
    'GET /trpc/user.byId (2)',
    'POST /graphql CreateOrder',
    'POST /rpc eth_getBalance',
  ]);
});
