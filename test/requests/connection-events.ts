import { connect } from 'node:net';
import { expect } from 'vitest';
import { eventually, type Server } from '../support/child-process.js';
import { APPS, REGISTER, startTracked } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';
import { fetchFrom } from '../support/traced-service.js';

interface Client {
  write(text: string): void;
  /** Waits until the answer to a path has come, whose body is the path. */
  answered(path: string): Promise<unknown>;
  printed(line: string): Promise<unknown>;
  ask(path: string): Promise<unknown>;
  leave(): void;
  closed(): Promise<unknown>;
}

const get = (path: string, ...lines: string[]) =>
  [`GET ${path} HTTP/1.1`, 'Host: shop.example', ...lines, '\r\n'].join('\r\n');

async function afterAlice(client: Client): Promise<void> {
  client.write(get('/alice'));
  await client.answered('/alice');
  await client.printed('/alice response close');
}

/** Alice is the first one on a connection that others use after her, as behind a proxy. */
const SCENARIOS: Record<string, (client: Client) => Promise<void>> = {
  async 'pipelined responses'(client) {
    client.write(get('/slow') + get('/bob') + get('/carol'));
    await client.printed('/carol response close');
  },
  async 'a pipelined response that is larger than a buffer, and a body'(client) {
    const post = 'POST /carol HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 4\r\n\r\nbody';
    client.write(get('/slow') + get('/large/bob') + post);
    await client.printed('/carol response close');
  },
  async 'pipelined requests that nobody has read, when the client leaves'(client) {
    const post = 'POST /hangs/carol HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 4\r\n\r\nab';
    client.write(get('/hangs/alice') + get('/unread/bob') + post);
    await client.printed('/hangs/carol request data');
    client.leave();
    await client.printed('/unread/bob request close');
    await client.printed('/hangs/carol request close');
  },
  async 'a client that leaves'(client) {
    await afterAlice(client);
    client.write(get('/hangs/bob'));
    await client.printed('/hangs/bob request close');
    client.leave();
    await client.printed('/hangs/bob response close');
  },
  async 'a client that leaves within its body'(client) {
    await afterAlice(client);
    client.write('POST /bob HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 4\r\n\r\nab');
    await client.printed('/bob request data');
    client.leave();
    await client.printed('/bob request close');
  },
  async 'a response that is finished at once, to a request that nobody reads'(client) {
    await afterAlice(client);
    client.write(get('/at-once'));
    await client.printed('/at-once request close');
  },
  async 'a response that another request ends'(client) {
    client.write(get('/waits/alice'));
    await client.printed('/waits/alice request close');
    await client.ask('/ends/bob');
    await client.printed('/waits/alice response close');
  },
  async 'what is no request'(client) {
    await afterAlice(client);
    client.write('BAD\r\n\r\n');
    await client.printed(' clientError');
  },
  async 'what is no request, before the response to another one'(client) {
    client.write(get('/hangs/alice'));
    await client.printed('/hangs/alice request close');
    client.write('BAD\r\n\r\n');
    await client.printed('/hangs/alice response close');
  },
  async 'an upgrade'(client) {
    await afterAlice(client);
    client.write(get('/bob', 'Connection: Upgrade', 'Upgrade: other'));
    await client.closed();
  },
  async CONNECT(client) {
    await afterAlice(client);
    client.write('CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example\r\n\r\n');
    await client.closed();
  },
  async 'Expect: 100-continue'(client) {
    await afterAlice(client);
    client.write(get('/bob', 'Expect: 100-continue'));
    await client.answered('/bob');
  },
  async 'more requests than allowed'(client) {
    client.write(get('/alice') + get('/bob'));
    await client.printed('/bob dropRequest');
    await client.printed('/alice response close');
  },
  async 'a response that takes too long'(client) {
    await afterAlice(client);
    client.write(get('/hangs/for/100/ms'));
    await client.printed('/hangs/for/100/ms response close');
  },
  async 'an idle connection'(client) {
    await afterAlice(client);
    await client.closed();
  },
};

/** Servers of `connection-events.cjs` that are not the usual one. */
const SERVERS: Readonly<Record<string, string>> = {
  'more requests than allowed': 'one request',
  'an idle connection': 'closes idle',
};

interface Events {
  readonly printed: readonly string[];
  readonly tracked: readonly string[];
  /** Events that belong to another request than their own, or to one although they have none, and whose they are. */
  readonly foreign: readonly string[];
}

async function runScenarios(preloads: readonly string[], node?: string): Promise<Events> {
  const args = [...preloads, `${APPS}/connection-events.cjs`];
  const { inspector, app } = await startTracked(args, {}, node === undefined ? {} : { node });
  for (const name of Object.keys(SCENARIOS)) await runScenario(app, name);
  await app.stop();
  expect(app.stderr()).toBe('');
  const events = inspector
    .hits()
    .filter(({ params }) => params.e_a !== undefined)
    .map(({ params: { url = '', e_a: action, e_n: path = '' } }) => {
      const owner = url && new URL(url).pathname;
      return { event: `${path} ${action}`, owner, isForeign: owner !== path };
    });
  return {
    printed: eventsOf(app),
    tracked: events.map(({ event }) => event),
    foreign: events.flatMap((each) => (each.isForeign ? `${each.event} of ${each.owner}` : [])),
  };
}

/** The lines that begin with a path, or with a space. */
function eventsOf(app: Server): string[] {
  return app
    .stdout()
    .split('\n')
    .filter((line) => /^(?:\/\S+)? /.test(line));
}

async function runScenario(app: Server, name: string): Promise<void> {
  const server = SERVERS[name] ?? 'usual';
  const address = new RegExp(`^${server} http://127.0.0.1:(\\d+)$`, 'm');
  const port = await eventually(() => address.exec(app.stdout())?.[1]);
  const before = eventsOf(app).length;
  const events = () => eventsOf(app).slice(before);

  const socket = connect(Number(port), '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  socket.on('error', () => undefined); // resets
  const printed = (line: string) =>
    eventually(() => events().includes(line), { describe: () => `"${line}" in ${events()}` });
  await SCENARIOS[name]?.({
    write: (text) => socket.write(text),
    answered: (path) => eventually(() => received.includes(`\r\n\r\n${path}`)),
    printed,
    ask: (path) => fetchFrom(Number(port), path),
    leave: () => socket.destroy(),
    closed: () => eventually(() => socket.closed),
  });
  socket.destroy();
}

/** Each event belongs to its own request, and comes in the order that it has without the package. */
export async function checkConnectionEvents(node?: string): Promise<void> {
  const [tracking, without] = await Promise.all([
    runScenarios(REGISTER, node),
    runScenarios([], node),
  ]);
  expect(tracking.printed).toEqual(without.printed);
  expect(sorted(tracking.tracked)).toEqual(sorted(tracking.printed));
  expect(tracking.foreign).toEqual([]);
}
