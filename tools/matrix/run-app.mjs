// One application, started, asked and ended.
import { delimiter, dirname } from 'node:path';
import { startInspector } from 'opentelemetry-matomo/testing';
import { runCommand, startChild } from './children.mjs';
import { startOtlpReceiver } from './otlp-receiver.mjs';
import { HEADERS, REQUESTS, sendRequests } from './requests.mjs';

/** An export has the spans of a scope before those of the next one: two exports would have them in another order. */
const ONLY_AT_END = '3600000';
const START_MILLIS = 120_000;
const DEADLINE_MILLIS = 240_000;
const SIGTERM_CODE = 143;

/**
 * Runs `node ...args` in a run folder and sends it `requests`; resolves to the hits at Matomo, the spans at the application's own
 * exporter, the answers, and what it wrote to stderr. SIGTERM ends the application right after its last response. `before` are
 * requests that are of no interest. With `client`, a client library sends the requests: `file` and `env` of the program that uses
 * it, and the `path` that it gets.
 */
export async function runApp({
  node,
  folder,
  args,
  env,
  before = [],
  requests = REQUESTS,
  client,
}) {
  const send = (url) => (client ? runClient(client, folder, url) : sendRequests(url, requests));
  const inspector = await startInspector({ customVariables: true });
  const receiver = await startOtlpReceiver();
  const { child, output, ended } = startChild(node, args, {
    cwd: folder,
    deadlineMillis: DEADLINE_MILLIS,
    env: { ...environment(node, inspector, receiver), ...env },
  });
  try {
    const url = await readUrl(output, ended);
    await sendRequests(url, before);
    const answers = await send(url);
    child.kill('SIGTERM');
    const { code, signal, isLate } = await ended;
    if (isLate) throw new Error(`did not end at SIGTERM:\n${output.stderr}`);
    if (!isEndOfSigterm(code, signal))
      throw new Error(`ended with ${code ?? signal}:\n${output.stderr}`);
    return { answers, hits: inspector.hits(), spans: receiver.spans(), stderr: output.stderr };
  } finally {
    child.kill('SIGKILL');
    receiver.close();
    await inspector.close();
  }
}

async function runClient({ file, path, env }, folder, url) {
  const given = { ...env, URL: url + path, HEADERS: JSON.stringify(HEADERS) };
  const options = { cwd: folder, env: { ...process.env, ...given } };
  return JSON.parse(await runCommand(process.execPath, [file], options));
}

/** It closed its server, exited with the code for that signal, or did not handle it. */
function isEndOfSigterm(code, signal) {
  return signal === 'SIGTERM' || code === 0 || code === SIGTERM_CODE;
}

function environment(node, inspector, receiver) {
  return {
    PATH: [dirname(node), process.env.PATH].join(delimiter),
    MATOMO_URL: inspector.url,
    MATOMO_SITE_ID: '1',
    // So many processes at a time may take longer than the 1.5 s of `register` for their last batch.
    MATOMO_SHUTDOWN_TIMEOUT: '10000',
    OTEL_NODE_RESOURCE_DETECTORS: 'none',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url,
    OTEL_BSP_SCHEDULE_DELAY: ONLY_AT_END,
  };
}

/** Waits for the address that a child of `startChild` prints. */
async function readUrl(output, ended) {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  ended.then(end, end);
  const deadline = Date.now() + START_MILLIS;
  for (;;) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output.stdout)?.[0];
    if (url) return url;
    if (isOver || Date.now() > deadline) {
      throw new Error(`did not listen:\n${output.stdout}${output.stderr}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
