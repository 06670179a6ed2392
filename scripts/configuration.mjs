// `npm run configuration`: writes docs/configuration.md from the table of options and the comments of their type.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PAGE = 'docs/configuration.md';
const TYPE = 'src/options.ts';
const REQUEST_TYPE = 'src/hit/http-request.ts';
const COMMAND = 'npm run configuration';

/** Topics, each by the option that it begins with. */
const TOPICS = {
  url: 'Where hits go',
  baseUrl: 'Page URL and title',
  ignorePaths: 'Which requests are tracked',
  routeDetails: 'What is added to a hit',
  trustProxy: 'The caller and the visitor',
  privacy: 'Privacy, sampling and bots',
  aiChatbots: 'AI chatbots',
  errors: 'Errors and recording',
  maxQueueSize: 'Queue and delivery',
  spool: 'Spool',
  dispatcher: 'Network, tests and metrics',
};

/** Options that only the environment has, so they are not in the type. */
const ENVIRONMENT_ONLY = {
  record: {
    text: `Which requests \`register\` records for Matomo although the application's sampler drops them. \`sampled\`: none. \`requests\`: all, with
the child spans that have \`matomo.perf_key\` when they start. \`all\`: all, with all child spans, so that \`matomo.*\` attributes work
on them. The exported spans and the propagated \`traceparent\` do not change. Sentry 10 sends every recorded span: if you use it,
[set \`sampled\`](sentry-and-datadog.md).`,
    sources: [
      '[OpenTelemetry: recording and sampling](https://opentelemetry.io/docs/specs/otel/trace/sdk/#sampling)',
    ],
  },
};

/** Syntax of lists and objects in the environment, by the function that parses it. */
const SYNTAX = {
  listFromText: 'a list',
  patternsFromText: 'a list of patterns',
  pairsFromText: 'pairs',
  wordOrListFromText: 'one word or a list',
  parse: 'JSON',
};

/** Values, quoted for a shell. */
const EXAMPLES = {
  url: 'https://matomo.example.org',
  siteId: '1',
  baseUrl: 'https://api.example.org/v2',
  actionName: "'{method} {route} {status}'",
  ignorePaths: '/health,/metrics',
  ignorePatterns: String.raw`'/^\/internal\//i,\.map$'`,
  ignoreUserAgents: "'/^my-monitor/i'",
  allowedMethods: 'GET,POST',
  ignoredMethods: 'HEAD,OPTIONS',
  routeDetails: `'{"GET /users/:id":{"action_name":"User","cvar":{"area":"accounts"}}}'`,
  dimensions: '1=http.request.method,2=http.response.status_code,3=http.route',
  trustProxy: 'loopback,10.0.0.0/8',
  userId: 'enduser.id',
  privacy: 'strict',
  query: 'page,sort',
  consent: 'cookie:consent=yes',
  capturedHeaders: 'dnt,sec-gpc,cookie',
  aiChatbotUserAgents: '+Amzn-User,+Kimi-User',
  spool: '/var/spool/my-app-matomo',
  redactPathPatterns: String.raw`'[^/]+@[^/]+,/\b\d{6,}\b/'`,
};

/** Settings besides `url` and `siteId`, as values in the environment: for a website, for an API, and why. `''`: the default. */
const RECOMMENDED = {
  tokenAuth: [
    '…',
    '…',
    'Matomo stores addresses of callers, and accepts hits that are older than a day',
  ],
  trustProxy: [
    '1',
    '1',
    'the number of proxies in front of the process; without a proxy, leave it out',
  ],
  ignorePaths: ['/health,/metrics', '/health,/metrics', 'probes and scrapers are not usage'],
  ignoredMethods: ['OPTIONS', 'OPTIONS', 'preflights of browsers precede other requests'],
  downloads: ['documents', '', 'documents appear in Downloads instead of as pages'],
  siteSearch: ['true', '', "searches appear in Matomo's Site Search instead of as pages"],
  query: ['', 'strip', 'parameters of a query do not make more page URLs'],
  urlPaths: ['', 'template', 'one page URL per route, without IDs of customers'],
  dimensions: [
    '',
    '1=http.request.method,2=http.response.status_code,3=http.route',
    'reports by method, status and route; `npx opentelemetry-matomo setup` creates the dimensions',
  ],
  userId: ['', 'enduser.id', 'reports by API consumer, if a span has the attribute'],
  spool: [
    '/var/spool/my-app-matomo',
    '/var/spool/my-app-matomo',
    'hits survive the process and outages',
  ],
};

const NUMBER = 'a whole number from';
const MEBIBYTE = 1024 ** 2;

const INTRODUCTION = `# Configuration

<!-- Made by \`${COMMAND}\` from src/options/option-table.ts and ${TYPE}; edit those. -->

You can set options in code, as in \`start({ trustProxy: 1 })\` or \`new MatomoSpanProcessor({ trustProxy: 1 })\`, and most of them by environment variables, as in
\`MATOMO_TRUST_PROXY=1\`. If both are set, code wins. \`opentelemetry-matomo/register\` reads only the environment.

* An invalid value in code, or an unknown option, throws a \`TypeError\` that names it.
* An invalid environment variable logs one error, and the default is used; the application keeps running. If the variable
  belongs to a [privacy option](#privacy-options), nothing is tracked.
* If the name of a variable differs from a known one by one or two characters, a warning suggests the known name.
* If \`url\` or \`siteId\` is not set, one error is logged and nothing is tracked; the application keeps running.
* \`MATOMO_ENABLED=false\` switches everything off. For \`register\`, so does \`OTEL_SDK_DISABLED=true\`.

## How the environment writes values

An empty variable counts as not set. Spaces and newlines around a value are ignored. Quotes belong to your shell: put them
around values with spaces, braces, backslashes or \`$\`.

| a value | is written | for example |
|---|---|---|
| text, number | as it is | \`MATOMO_SITE_ID=1\` |
| yes or no | \`true\`, \`false\`, \`1\` or \`0\`, in upper or lower case | \`MATOMO_DO_NOT_TRACK=true\` |
| a list | separated by commas; spaces around an item are ignored | \`MATOMO_IGNORE_PATHS=/health,/metrics\` |
| a list of patterns | separated by commas; each item is a regular expression, alone or between slashes with flags; only between slashes may it contain commas | \`MATOMO_IGNORE_PATTERNS='^/internal/,/\\.[a-z]{2,3}$/i'\` |
| either list, as JSON | as an array of texts that begins with \`["\`, or \`[]\` | \`MATOMO_REDACT_PATH_PATTERNS='["\\\\d{6,}"]'\` |
| pairs | as a list of \`name=value\` | \`MATOMO_DIMENSIONS=1=http.request.method,3=http.route\` |
| one word or a list | a word is in upper or lower case; a list contains a comma, even if it has only one item | \`MATOMO_QUERY=strip\`, \`MATOMO_QUERY=page,\` |
| JSON | as one object | \`MATOMO_ROUTE_DETAILS='{"/about":{"action_name":"About us"}}'\` |

* In a list of patterns, begin a path with \`^/\`, not with \`/\`, because \`/a/i\` is the pattern \`a\` with the flag \`i\`.
* In a list of patterns, a comma between braces, brackets or parentheses makes the list invalid, unless the item is between slashes.
* For an empty list of user agents, set \`MATOMO_IGNORE_USER_AGENTS='[]'\`.
* \`MATOMO_TOKEN_AUTH_FILE\` and \`MATOMO_VISITOR_KEY_FILE\` are paths of files that contain the value, such as a container's secret.
  The variable without \`_FILE\` wins. No message shows these paths. If the visitor key cannot be read, nothing is tracked.
* You can set [callbacks](#what-callbacks-get) only in code.

## Privacy options

These options decide which data leaves the process: PRIVACY_OPTIONS.

If an environment variable gives one of them an invalid value, such as \`yes\` for \`MATOMO_ANONYMIZE_IP\`, or misspells its name,
such as ANONYMISE for ANONYMIZE, nothing is tracked and [one error](messages.md#privacy-option-invalid) explains why. The
application keeps running; a gateway does not start. If the option is set in code, its variable is ignored.

## What callbacks get

A callback is an option that is a function. It is called after the request has ended. Except [\`beforeSend\`](#beforesend), callbacks
get the request, read-only:
REQUEST_FIELDS.
Paths, queries and addresses are neither redacted nor masked. If a callback throws, one warning is logged and the result counts
as \`undefined\`.
`;

/** The whole page. The table and the lists are arguments, so that a test can pass those of `src`. */
export function configurationPage({ OPTIONS, HEALTH_CHECKERS, AI_CHATBOTS }) {
  const documented = { ...readType(), ...ENVIRONMENT_ONLY };
  const names = Object.keys(OPTIONS);
  for (const name of names) {
    if (!documented[name]?.text) throw new Error(`${TYPE} has no comment for the option ${name}`);
    checkDefault(name, OPTIONS[name], documented[name]);
  }
  const unknown = Object.keys(EXAMPLES).find((name) => !OPTIONS[name]?.env);
  if (unknown)
    throw new Error(`there is an example for ${unknown}, which has no environment variable`);
  const topics = byTopic(names);
  const lists = { HEALTH_CHECKERS, AI_CHATBOTS };
  return [
    INTRODUCTION.replace('REQUEST_FIELDS', requestFields()).replace(
      'PRIVACY_OPTIONS',
      privacyOptions(OPTIONS),
    ),
    renderRecommended(OPTIONS),
    '## At a glance\n',
    ...topics.map(([topic, options]) => renderTable(topic, options, OPTIONS)),
    ...topics.flatMap(([topic, options]) => [
      `## ${topic}\n`,
      ...options.map((name) => renderOption(name, OPTIONS[name], documented[name], lists)),
    ]),
  ].join('\n');
}

/** The default is in the table and, for editors and the API reference, in the comment: both must be the same. */
function checkDefault(name, declaration, { documentedDefault }) {
  if (declaration.inCode) return;
  const text = defaultOf(declaration);
  const wanted = text === 'required' || text === 'none' ? undefined : text;
  if (documentedDefault === wanted) return;
  throw new Error(`the comment of ${name} in ${TYPE} must have: @default ${wanted ?? '(no tag)'}`);
}

function privacyOptions(options) {
  const names = Object.keys(options).filter((name) => options[name].isPrivacy && options[name].env);
  const links = names.map((name) => `[\`${name}\`](#${name.toLowerCase()})`);
  return `${links.slice(0, -1).join(', ')} and ${links.at(-1)}`;
}

function byTopic(names) {
  const missing = Object.keys(TOPICS).find((name) => !names.includes(name));
  if (missing) throw new Error(`the topic that begins with ${missing} begins with no option`);
  const topics = [];
  for (const name of names) {
    if (TOPICS[name]) topics.push([TOPICS[name], []]);
    topics.at(-1)[1].push(name);
  }
  return topics;
}

function renderRecommended(options) {
  const rows = Object.entries(RECOMMENDED).map(([name, [website, api, reason]]) => {
    const { env } = options[name] ?? {};
    if (!env) throw new Error(`RECOMMENDED has ${name}, which has no environment variable`);
    const [forWebsite, forApi] = [website, api].map((value) => (value ? `\`${value}\`` : '–'));
    return `| [\`${env}\`](#${name.toLowerCase()}) | ${forWebsite} | ${forApi} | ${reason} |`;
  });
  const text = `## Recommended settings

\`MATOMO_URL\` and \`MATOMO_SITE_ID\` are enough to begin with. The values below are examples; \`–\` means the default. If you need
consent of visitors, or as little data as possible, see [privacy](privacy.md).
`;
  const head = ['| variable | a website | an API | why |', '|---|---|---|---|'];
  return [text, ...head, ...rows, ''].join('\n');
}

function renderTable(topic, names, options) {
  const rows = names.map((name) => {
    const { env } = options[name];
    return `| [\`${name}\`](#${name.toLowerCase()}) | ${env ? `\`${env}\`` : '–'} | ${defaultOf(options[name])} |`;
  });
  return [`| ${topic} | environment | default |`, '|---|---|---|', ...rows, ''].join('\n');
}

function renderOption(name, declaration, { type, text, sources }, lists) {
  const { env } = declaration;
  const facts = [
    declaration.inCode
      ? `In code: \`${declaration.inCode}\` instead`
      : `In code: \`${type}\`${limitsOf(declaration)}`,
    env
      ? `In the environment: ${inEnvironment(name, declaration)}`
      : 'In the environment: not available',
    `Default: ${defaultOf(declaration)}`,
    ...sources.map((source) => `Source: ${source}`),
  ];
  const shown = Object.keys(lists).filter((list) =>
    `${text}${defaultOf(declaration)}`.includes(list),
  );
  return [
    `### \`${name}\`\n`,
    `${text}\n`,
    ...facts.map((fact) => `* ${fact}`),
    ...shown.map(
      (list) => `\n\`${list}\`, exported by the package:\n\n${renderPatterns(lists[list])}`,
    ),
    '',
  ].join('\n');
}

function renderPatterns(patterns) {
  return ['```text', ...patterns.map(String), '```'].join('\n');
}

function inEnvironment(name, declaration) {
  const { env, fromText } = declaration;
  const example = EXAMPLES[name] === undefined ? '' : `: \`${env}=${EXAMPLES[name]}\``;
  const kind = fromText ? SYNTAX[fromText.name] : wantedOf(declaration);
  if (kind === undefined)
    throw new Error(`${env} is read by ${fromText.name}, which SYNTAX does not have`);
  return `\`${env}\`${kind.startsWith(NUMBER) ? '' : `, ${kind}`}${example}`;
}

function limitsOf(declaration) {
  const wanted = wantedOf(declaration);
  return wanted.startsWith(NUMBER) ? `, ${wanted}` : '';
}

/** What an option accepts, taken from the error for an invalid value. */
function wantedOf({ parse }) {
  try {
    parse('', '\0');
    return 'text';
  } catch ({ message }) {
    return message
      .replace(/^ must be (.*), got .*$/s, '$1')
      .replace(/ or a (?:function|meter provider)$/, '')
      .replace('true or false', '`true`, `false`, `1` or `0`')
      .replace(/, (?="\w+"$)/, ' or ')
      .replace(/"(\w+)"/g, '`$1`');
  }
}

function defaultOf({ default: value, defaultText }) {
  if (defaultText) return defaultText;
  if (value === 'required') return 'required';
  if (value === undefined || (typeof value === 'object' && Object.keys(value).length === 0)) {
    return 'none';
  }
  const size = value >= MEBIBYTE ? ` (${value / MEBIBYTE} MiB)` : '';
  return `\`${value}\`${size}`;
}

/** Comment and type of every property of `MatomoOptions`. */
function readType() {
  const source = readFileSync(new URL(`../${TYPE}`, import.meta.url), 'utf8');
  const aliases = [...source.matchAll(/^(?:export )?type (\w+) =(.*?);$/gms)];
  const body = source.slice(source.indexOf('export interface MatomoOptions {'));
  const property =
    /(?:\/\*\*((?:(?!\*\/).)*)\*\/)?\s*readonly (\w+)\?:(.*?);\n(?=\s*(?:\/\*\*|readonly|\}))/gs;
  const properties = [...body.matchAll(property)].map(([, comment = '', name, type]) => {
    const lines = comment.split('\n').map((line) => line.replace(/^\s*\*? ?/, '').trimEnd());
    const sources = lines.filter((line) => line.startsWith('@see '));
    const texts = lines.filter((line) => !sources.includes(line));
    const [, text, documentedDefault] = /^(.*?)(?:\s@default (.*))?$/s.exec(
      texts.join('\n').trim(),
    );
    return [
      name,
      {
        type: plainType(
          aliases.reduce(
            (text, [, alias, meaning]) => text.replace(new RegExp(`\\b${alias}\\b`), meaning),
            type,
          ),
        ),
        text,
        sources: sources.map((line) => line.slice('@see '.length)),
        documentedDefault,
      },
    ];
  });
  return Object.fromEntries(properties);
}

/** The members of `TrackedRequest`, in their order. */
function requestFields() {
  const source = readFileSync(new URL(`../${REQUEST_TYPE}`, import.meta.url), 'utf8');
  const body = /export interface TrackedRequest \{\n(.*?)\n\}/s.exec(source)[1];
  const members = [...body.matchAll(/^ {2}(?:readonly )?(\w+)(\(\w+)?/gm)];
  return members.map(([, name, call]) => `\`${name}${call ? `${call})` : ''}\``).join(', ');
}

function plainType(type) {
  return type
    .replace(/\s+/g, ' ')
    .replace(/ \| undefined\s*$/, '')
    .replace(/^[ |]+/, '')
    .replace(/^\((\(.*)\)$/, '$1')
    .replaceAll(/readonly (\w+\[\])/g, '$1')
    .trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = (path) => import(new URL(`../build/${path}`, import.meta.url).href);
  const { OPTIONS } = await built('options/option-table.js');
  const { HEALTH_CHECKERS } = await built('hit/request-patterns.js');
  const { AI_CHATBOTS } = await built('hit/bots/ai-chatbots.js');
  const page = configurationPage({ OPTIONS, HEALTH_CHECKERS, AI_CHATBOTS });
  writeFileSync(new URL(`../${PAGE}`, import.meta.url), page);
  console.log(`${PAGE} has ${Object.keys(OPTIONS).length} options`);
}
