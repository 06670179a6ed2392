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
  trustProxy: 'Who the caller is',
  query: 'What is left out or marked',
  aiChatbots: 'AI chatbots',
  errors: 'Errors and sampling',
  maxQueueSize: 'Queue and delivery',
  spool: 'Spool',
  dispatcher: 'Network, tests and last changes',
};

/** Options that code cannot give, and so are not in the type. */
const ENVIRONMENT_ONLY = {
  record: {
    text: `Requests that \`register\` has recorded for Matomo beyond those that the application's sampler takes: none (\`sampled\`);
all, and the spans below that begin with \`matomo.perf_key\` (\`requests\`); all, and all spans below, so that \`matomo.*\`
attributes work on them (\`all\`). What is exported stays as it was, and so does the \`traceparent\` that is sent on. Sentry 10 is the
exception: it sends whatever is recorded, so that beside it \`sampled\` [is right](sentry-and-datadog.md).`,
    sources: [
      '[OpenTelemetry: recording and sampling](https://opentelemetry.io/docs/specs/otel/trace/sdk/#sampling)',
    ],
  },
};

/** How the environment writes what is a list or an object in code, by the function that reads it. */
const SYNTAX = {
  listFromText: 'a list',
  patternsFromText: 'a list of patterns',
  pairsFromText: 'pairs',
  wordOrListFromText: 'one word or a list',
  parse: 'JSON',
};

/** Values as a shell takes them. */
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
  query: 'page,sort',
  aiChatbotUserAgents: '+Amzn-User,+Kimi-User',
  spool: '/var/spool/my-app-matomo',
  redactPathPatterns: String.raw`'[^/]+@[^/]+,\b\d{6,}\b'`,
};

const NUMBER = 'a whole number from';
const MEBIBYTE = 1024 ** 2;

const INTRODUCTION = `# Configuration

<!-- Made by \`${COMMAND}\` from src/options/option-table.ts and ${TYPE}; edit those. -->

Every option can be given in code, \`new MatomoSpanProcessor({ trustProxy: 1 })\`, and most by the environment,
\`MATOMO_TRUST_PROXY=1\`. \`opentelemetry-matomo/register\` has the environment only. Code wins.

* A wrong value in code, or an option that does not exist, throws a \`TypeError\` that names it.
* An invalid value in the environment is reported once and left out, so that the default counts; the application runs.
  For a [privacy option](#privacy-options) nothing is tracked instead.
* A variable whose name differs from a known one by one or two characters is reported with the name that was probably meant.
* Where \`url\` or \`siteId\` is given nowhere, one line says so, nothing is tracked, and the application runs.
* \`MATOMO_ENABLED=false\` switches everything off, and for \`register\` so does \`OTEL_SDK_DISABLED=true\`.

## How the environment writes values

An empty variable counts as one that is not set. Spaces and newlines around a value do not count. Quotes are your shell's: put
them around what has spaces, braces, backslashes or \`$\`.

| a value | is written | for example |
|---|---|---|
| text, number | as it is | \`MATOMO_SITE_ID=1\` |
| yes or no | \`true\`, \`false\`, \`1\` or \`0\`, in upper or lower case | \`MATOMO_DO_NOT_TRACK=true\` |
| a list | with commas; spaces around an item do not count | \`MATOMO_IGNORE_PATHS=/health,/metrics\` |
| a list of patterns | with commas, each item a regular expression without slashes; or between slashes, with flags after them, and then with commas of its own | \`MATOMO_IGNORE_PATTERNS='^/internal/,/\\.[a-z]{2,3}$/i'\` |
| pairs | as a list of \`name=value\` | \`MATOMO_DIMENSIONS=1=http.request.method,3=http.route\` |
| one word or a list | a word in upper or lower case; a list has a comma, also one of a single item | \`MATOMO_QUERY=strip\`, \`MATOMO_QUERY=page,\` |
| JSON | as one object | \`MATOMO_ROUTE_DETAILS='{"/about":{"action_name":"About us"}}'\` |

* In a list of patterns begin a path with \`^/\`, not with \`/\`: \`/a/i\` is read as the pattern \`a\` with the flag \`i\`.
* \`MATOMO_IGNORE_USER_AGENTS='/(?!)/'\`, a pattern that nothing matches, stands for an empty list.
* \`MATOMO_TOKEN_AUTH_FILE\` names a file that holds the token, such as a container's secret. \`MATOMO_TOKEN_AUTH\` wins.
* Functions can be given in code only.

## Privacy options

These options decide which data leaves the process: PRIVACY_OPTIONS.

If the environment gives one of them a value that cannot be read, such as \`yes\` for \`MATOMO_ANONYMIZE_IP\`, or misspells its
name, such as ANONYMISE for ANONYMIZE, nothing is tracked and [one error](messages.md#privacy-option-invalid) says why. The
application runs; a gateway does not start. An option in code wins: then a variable of that option does not matter.

## What functions get

The request as it ended, read-only: REQUEST_FIELDS.
Paths, queries and addresses are as they came, neither redacted nor masked. What a function throws is reported once and
counts as \`undefined\`.
`;

/** The whole page. The table and the lists come as arguments, so that a test can give those of the sources. */
export function configurationPage({ OPTIONS, HEALTH_CHECKERS, STATIC_FILES, AI_CHATBOTS }) {
  const documented = { ...readType(), ...ENVIRONMENT_ONLY };
  const names = Object.keys(OPTIONS);
  for (const name of names) {
    if (!documented[name]?.text) throw new Error(`${TYPE} says nothing about the option ${name}`);
  }
  const unknown = Object.keys(EXAMPLES).find((name) => !OPTIONS[name]?.env);
  if (unknown) throw new Error(`there is an example for ${unknown}, which the environment has not`);
  const topics = byTopic(names);
  const lists = { HEALTH_CHECKERS, STATIC_FILES, AI_CHATBOTS };
  return [
    INTRODUCTION.replace('REQUEST_FIELDS', requestFields()).replace(
      'PRIVACY_OPTIONS',
      privacyOptions(OPTIONS),
    ),
    '## At a glance\n',
    ...topics.map(([topic, options]) => renderTable(topic, options, OPTIONS)),
    ...topics.flatMap(([topic, options]) => [
      `## ${topic}\n`,
      ...options.map((name) => renderOption(name, OPTIONS[name], documented[name], lists)),
    ]),
  ].join('\n');
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
      : 'In the environment: not at all',
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
  if (kind === undefined) throw new Error(`${env} is read by ${fromText.name}, which has no words`);
  return `\`${env}\`${kind.startsWith(NUMBER) ? '' : `, ${kind}`}${example}`;
}

function limitsOf(declaration) {
  const wanted = wantedOf(declaration);
  return wanted.startsWith(NUMBER) ? `, ${wanted}` : '';
}

/** What an option takes, in the words in which it refuses anything else. */
function wantedOf({ parse }) {
  try {
    parse('', '\0');
    return 'text';
  } catch ({ message }) {
    return message
      .replace(/^ must be (.*), got .*$/s, '$1')
      .replace(' or a function', '')
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
    return [
      name,
      {
        type: plainType(
          aliases.reduce(
            (text, [, alias, meaning]) => text.replace(new RegExp(`\\b${alias}\\b`), meaning),
            type,
          ),
        ),
        text: lines
          .filter((line) => !sources.includes(line))
          .join('\n')
          .trim(),
        sources: sources.map((line) => line.slice('@see '.length)),
      },
    ];
  });
  return Object.fromEntries(properties);
}

/** What `TrackedRequest` has, in its order. */
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
  const { HEALTH_CHECKERS, STATIC_FILES } = await built('hit/request-patterns.js');
  const { AI_CHATBOTS } = await built('hit/ai-chatbots.js');
  const page = configurationPage({ OPTIONS, HEALTH_CHECKERS, STATIC_FILES, AI_CHATBOTS });
  writeFileSync(new URL(`../${PAGE}`, import.meta.url), page);
  console.log(`${PAGE} has ${Object.keys(OPTIONS).length} options`);
}
