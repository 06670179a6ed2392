import { renderTable } from './table.mjs';

/** The result of the demo on one screen of 80 columns. */
export function renderScreen(facts, paint) {
  const { title, endpoints, timings, chatbots, audience, extras, ignored, balance } = facts;
  return [
    paint.bold(title),
    ...renderEndpoints(endpoints, paint),
    ...(timings.length > 0 ? ['', ...renderTimings(timings, paint)] : []),
    ...(chatbots.length > 0 ? ['', ...renderChatbots(chatbots, paint)] : []),
    ...(audience ? ['', ...renderAudience(audience, endpoints, paint)] : []),
    ...(extras ? renderExtras(extras, paint) : []),
    ...(ignored ? renderIgnored(ignored, paint) : []),
    ...(balance ? renderBalance(balance, paint) : []),
  ].join('\n');
}

function renderEndpoints(endpoints, paint) {
  const count = (color) => (text, cell) => (cell === '·' ? paint.dim(text) : color(text));
  const plain = count((text) => text);
  const columns = [
    { head: 'Endpoint', width: 22 },
    { head: 'requests', align: 'right' },
    { head: '2xx', width: 4, align: 'right', paint: plain },
    { head: '4xx', width: 4, align: 'right', paint: count(paint.yellow) },
    { head: '499', width: 4, align: 'right', paint: count(paint.yellow) },
    { head: '5xx', width: 4, align: 'right', paint: count(paint.red) },
    { head: 'p50 ms', width: 7, align: 'right' },
    { head: 'p95 ms', width: 7, align: 'right' },
  ];
  const rows = endpoints.map((row) => [
    row.title,
    row.requests,
    ...[row.ok, row.clientErrors, row.left, row.serverErrors].map((number) => number || '·'),
    row.p50,
    row.p95,
  ]);
  return renderTable(columns, rows, paint);
}

function renderTimings(timings, paint) {
  const columns = [
    { head: `Steps of ${timings[0].title}`, width: 28 },
    { head: 'stored as', width: 26, paint: paint.dim },
    { head: 'p50 ms', width: 7, align: 'right' },
    { head: 'p95 ms', width: 7, align: 'right' },
  ];
  const rows = timings.map(({ name, key, p50, p95 }) => [`  ${name}`, key, p50, p95]);
  return renderTable(columns, rows, paint);
}

function renderChatbots(chatbots, paint) {
  const columns = [
    { head: 'AI chatbot', width: 22 },
    { head: 'requests', align: 'right' },
    { head: '4xx, 5xx', align: 'right', paint: paint.yellow },
    { head: 'mean bytes', align: 'right' },
    { head: 'p50 ms', width: 7, align: 'right' },
    { head: 'p95 ms', width: 7, align: 'right' },
  ];
  const rows = chatbots.map(({ name, requests, broken, bytes, p50, p95 }) => [
    ...[name, requests, broken || '·', bytes, p50, p95],
  ]);
  return renderTable(columns, rows, paint);
}

function renderAudience({ visitors, languages, referrers }, endpoints, { bold }) {
  const left = endpoints.reduce((sum, row) => sum + row.left, 0);
  return [
    `${bold('Visitors')}  ${visitors}, languages ${languages.join(', ')}, from ${referrers.join(', ')}`,
    `${bold('Aborted ')}  ${left}, by clients that left before the response; stored with status 499`,
  ];
}

function renderExtras({ orders, revenue, events }, { bold }) {
  return [`${bold('Also    ')}  ${orders} orders of ${revenue} in total, and ${events} events`];
}

function renderIgnored(ignored, { bold }) {
  const names = ignored.map(({ name, requests }) => `${requests} ${name}`);
  return [`${bold('Ignored ')}  ${names.join(', ')}`];
}

function renderBalance({ sent, tracked, ignored, missing, surplus }, { bold, green, red }) {
  const law = `${sent} sent = ${tracked} tracked + ${ignored} ignored`;
  const isRight = missing === 0 && surplus === 0;
  const verdict = `${missing} missing${surplus > 0 ? `, ${surplus} too many` : ''}`;
  return [`${bold('Requests')}  ${law}, ${(isRight ? green : red)(verdict)}`];
}
