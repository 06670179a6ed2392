// A preload: at /fetches, what ten calls of `fetch` answer that go to TARGET, and what the global object has of undici.
const { TARGET: target, PORT_OF_NOBODY: nobody } = process.env;
const bytes = new TextEncoder().encode('7 bytes');

function streamOf(...chunks) {
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(chunk));
    },
  });
}

function form() {
  const data = new FormData();
  data.set('name', 'value');
  data.set('file', new Blob(['content'], { type: 'text/plain' }), 'file.txt');
  return data;
}

const CALLS = {
  get: () => fetch(`${target}/get?a=1`),
  text: () => fetch(`${target}/text`, { method: 'POST', body: 'text' }),
  'content-length': () =>
    fetch(`${target}/length`, { method: 'POST', headers: { 'content-length': '7' }, body: bytes }),
  'wrong content-length': () =>
    fetch(`${target}/wrong`, { method: 'POST', headers: { 'content-length': '9' }, body: bytes }),
  'content-length that is none': () =>
    fetch(`${target}/none`, { method: 'POST', headers: { 'content-length': 'x' }, body: bytes }),
  stream: () =>
    fetch(`${target}/stream`, { method: 'POST', body: streamOf('a', 'b'), duplex: 'half' }),
  'stream without duplex': () =>
    fetch(`${target}/stream`, { method: 'POST', body: streamOf('a', 'b') }),
  redirect: () => fetch(`${target}/redirect`),
  'redirect of a POST': () => fetch(`${target}/redirect`, { method: 'POST', body: 'text' }),
  'redirect refused': () => fetch(`${target}/redirect`, { redirect: 'error' }),
  'redirect left': () => fetch(`${target}/redirect`, { redirect: 'manual' }),
  abort: () => fetch(`${target}/get`, { signal: AbortSignal.abort() }),
  timeout: () => fetch(`${target}/hangs`, { signal: AbortSignal.timeout(20) }),
  gzip: () => fetch(`${target}/gzip`),
  'invalid header': () => fetch(`${target}/get`, { headers: { 'a b': '1' } }),
  'forbidden header': () =>
    fetch(`${target}/get`, { headers: { host: 'other.example', 'keep-alive': 'x' } }),
  head: () => fetch(`${target}/head`, { method: 'HEAD' }),
  form: () => fetch(`${target}/form`, { method: 'POST', body: form() }),
  'search parameters': () =>
    fetch(`${target}/search`, { method: 'PUT', body: new URLSearchParams({ a: 'b c' }) }),
  'no body allowed': () => fetch(`${target}/get`, { body: 'text' }),
  'cut answer': () => fetch(`${target}/cut`),
  'nobody listens': () => fetch(`http://127.0.0.1:${nobody}/`),
  upgrade: () => fetch(`${target}/get`, { headers: { upgrade: 'websocket' } }),
  expect: () => fetch(`${target}/get`, { headers: { expect: '100-continue' } }),
};

const withoutPorts = (text) => text.replaceAll(/(?<=127\.0\.0\.1:|formdata-undici-)\d+/g, '…');

async function outcomeOf(call) {
  try {
    const response = await call();
    const { status, type, redirected, url, headers } = response;
    const { date, ...others } = Object.fromEntries(headers);
    const body = await response.text();
    return { status, type, redirected, url, headers: { ...others, date: typeof date }, body };
  } catch (error) {
    const { name, message, code, cause } = error;
    const { name: causeName, message: causeMessage, code: causeCode } = cause ?? {};
    return { name, message, code, cause: { causeName, causeMessage, causeCode } };
  }
}

function dispatchers() {
  return [1, 2].map((version) => {
    const key = Symbol.for(`undici.globalDispatcher.${version}`);
    return [key in globalThis, typeof globalThis[key], globalThis[key]?.constructor.name];
  });
}

globalThis.hostAnswers = {
  ...globalThis.hostAnswers,
  '/dispatchers': dispatchers,
  async '/fetches'() {
    const outcomes = {};
    for (const [name, call] of Object.entries(CALLS)) {
      outcomes[name] = JSON.parse(withoutPorts(JSON.stringify(await outcomeOf(call))));
    }
    return { outcomes, dispatchers: dispatchers() };
  },
};
