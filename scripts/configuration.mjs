// `npm run configuration`: writes docs/configuration.md and the types of the options in code, from the declarations of the options.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PAGE = 'docs/configuration.md';
const TABLE = 'src/options/option-table.ts';
const TYPE = 'src/options.ts';
const RECEIVER_TABLE = 'src/gateway/receiver-options.ts';
const RECEIVER_TYPE = 'src/gateway/gateway-options.ts';
const REQUEST_TYPE = 'src/hit/http-request.ts';
const COMMAND = 'npm run configuration';
const BIOME = fileURLToPath(new URL('../node_modules/@biomejs/biome/bin/biome', import.meta.url));

/** Topics, each by the option that it begins with. */
const TOPICS = {
  url: 'Where hits go',
  baseUrl: 'Page URL and title',
  ignorePaths: 'Which requests are tracked',
  routeDetails: 'What is added to a hit',
  trustProxy: 'The client and the visitor',
  privacy: 'Privacy, sampling and bots',
  aiChatbots: 'AI chatbots',
  errors: 'Errors and recording',
  maxQueueSize: 'Queue and delivery',
  spool: 'Spool',
  beforeSend: 'Changes, tests and metrics',
};

/** Syntax of lists and objects in the environment, by the function that parses it. */
const SYNTAX = {
  listFromText: 'a list',
  patternsFromText: 'a list of patterns',
  pairsFromText: 'pairs',
  wordOrListFromText: 'one word or a list',
  parse: 'JSON',
};

/** Settings besides `url` and `siteId`, as values in the environment: for a website, for an API, and why. `''`: the default. */
const RECOMMENDED = {
  tokenAuth: [
    '…',
    '…',
    'Matomo stores addresses of clients, and accepts hits that are older than a day',
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
  userId: [
    '',
    'http.request.header.x-api-key',
    'reports by API consumer; Matomo gets a pseudonym of the key',
  ],
  spool: [
    '/var/spool/my-app-matomo',
    '/var/spool/my-app-matomo',
    'hits survive the process and outages',
  ],
};

const NUMBER = 'a whole number from';
const MEBIBYTE = 1024 ** 2;

const INTRODUCTION = `# Configuration

<!-- Made by \`${COMMAND}\` from ${TABLE} and ${RECEIVER_TABLE}; edit those. -->

Reference: all options. You can set them in code, as in \`start({ trustProxy: 1 })\` or \`new MatomoSpanProcessor({ trustProxy: 1 })\`, and most of them by environment variables, as in
\`MATOMO_TRUST_PROXY=1\`. If both are set, code wins. \`opentelemetry-matomo/register\` reads only the environment.

| an option is | in code | in the environment |
|---|---|---|
| missing | its variable applies, else its default. Without \`url\` or \`siteId\`, nothing is tracked, and [one error](messages.md#options-missing) is logged | its default applies |
| invalid | the constructor throws a \`TypeError\` that names option and value | [one error](messages.md#environment-invalid) is logged, and the default applies. If it is a [privacy option](#privacy-options), nothing is tracked, and [one error](messages.md#privacy-option-invalid) is logged |
| misspelled | the constructor throws a \`TypeError\` that suggests the right name | if the name differs from a known one by at most two characters, [one warning](messages.md#environment-unknown) suggests it. If that is a privacy option which is not set otherwise, nothing is tracked, and [one error](messages.md#privacy-option-invalid) is logged |

* What is wrong in the environment never stops an application. A [gateway](#gateway) does not start if nothing would be tracked, or if
  one of its own options is invalid.
* \`MATOMO_ENABLED=false\` switches everything off. For \`register\` and \`start\`, so does \`OTEL_SDK_DISABLED=true\`, unless
  \`OTEL_CONFIG_FILE\` or \`OTEL_EXPERIMENTAL_CONFIG_FILE\` is set: as OpenTelemetry specifies, the variable has no effect then. \`disabled: true\` in
  that file is not read: set \`MATOMO_ENABLED=false\` too.

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
Paths, queries and addresses are neither redacted nor masked.

A callback returns its result at once: an \`async\` function is an invalid option. If a callback throws or returns a promise, one
[warning](messages.md#callback-failed) is logged and the result counts as \`undefined\`; \`ignore\` then leaves the request out, and
\`beforeSend\` drops the hit.
`;

const GATEWAY = `## Gateway

A [gateway](many-services.md) has all options above and the following ones. If one of these is invalid, in code or in the environment, it
does not start.
`;

/** The whole page. Tables and lists are arguments, so that a test can pass those of `src`. */
export function configurationPage({ OPTIONS, RECEIVER_OPTIONS, HEALTH_CHECKERS, AI_CHATBOTS }) {
  const documented = readDocumentation(TABLE, OPTIONS);
  const ofReceiver = readDocumentation(RECEIVER_TABLE, RECEIVER_OPTIONS);
  const topics = byTopic(Object.keys(OPTIONS));
  const lists = { HEALTH_CHECKERS, AI_CHATBOTS };
  return [
    INTRODUCTION.replace('REQUEST_FIELDS', requestFields()).replace(
      'PRIVACY_OPTIONS',
      privacyOptions(OPTIONS),
    ),
    renderRecommended(OPTIONS),
    '## At a glance\n',
    ...topics.map(([topic, options]) => renderTable(topic, options, OPTIONS)),
    renderTable('Gateway', Object.keys(RECEIVER_OPTIONS), RECEIVER_OPTIONS),
    ...topics.flatMap(([topic, options]) => [
      `## ${topic}\n`,
      ...options.map((name) => renderOption(name, OPTIONS[name], documented[name], lists)),
    ]),
    GATEWAY,
    ...Object.entries(RECEIVER_OPTIONS).map(([name, declaration]) =>
      renderOption(name, declaration, ofReceiver[name], lists),
    ),
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
    const variables = variablesOf(options[name]).join(', ');
    return `| [\`${name}\`](#${name.toLowerCase()}) | ${variables || '–'} | ${defaultOf(options[name])} |`;
  });
  return [`| ${topic} | environment | default |`, '|---|---|---|', ...rows, ''].join('\n');
}

function renderOption(name, declaration, { type, text, sources, example }, lists) {
  const facts = [
    declaration.inCode
      ? `In code: \`${declaration.inCode}\` instead`
      : `In code: \`${type}\`${limitsOf(declaration)}`,
    `In the environment: ${inEnvironment(declaration, example)}`,
    ...(declaration.isFlag ? [`On the command line: \`--${name}\``] : []),
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

function inEnvironment(declaration, example) {
  const { fromText, files } = declaration;
  const variables = variablesOf(declaration).join(' or ');
  if (variables === '') return 'not available';
  if (files) return variables.replace(' or ', ' and ');
  const kind = fromText ? SYNTAX[fromText.name] : wantedOf(declaration);
  if (kind === undefined)
    throw new Error(`${variables} is read by ${fromText.name}, which SYNTAX does not have`);
  const shown = example === undefined ? '' : `: \`${example}\``;
  return `${variables}${kind.startsWith(NUMBER) ? '' : `, ${kind}`}${shown}`;
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
      .replace(/^[\w-]+: /, '')
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

/** What a declaration looks like in the source: its comment, its name, and its type in code. */
const DECLARATION =
  /^(?: {2}(\/\*\*(?:(?!\*\/).)*\*\/)\n)? {2}(\w+): option<((?:(?!>\(\)\().)*)>\(\)\(/gms;

/** Comments and types of all options of a table. */
function readDocumentation(table, declarations) {
  const aliases = [...readSource(TYPE).matchAll(/^(?:export )?type (\w+) =(.*?);$/gms)];
  const found = [...readSource(table).matchAll(DECLARATION)].map(([, comment = '', name, type]) => {
    const lines = comment
      .replace(/^\/\*\*|\*\/$/g, '')
      .split('\n')
      .map((line) => line.replace(/^\s*\*? ?/, '').trimEnd());
    const tagged = (tag) =>
      lines.filter((line) => line.startsWith(tag)).map((line) => line.slice(tag.length));
    const [example] = tagged('@example ');
    return [
      name,
      {
        comment,
        typeInCode: type,
        type: plainType(
          aliases.reduce(
            (text, [, alias, meaning]) => text.replace(new RegExp(`\\b${alias}\\b`), meaning),
            type,
          ),
        ),
        text: lines
          .filter((line) => !line.startsWith('@'))
          .join('\n')
          .trim(),
        sources: tagged('@see '),
        example,
      },
    ];
  });
  const documented = Object.fromEntries(found);
  const without = Object.keys(declarations).find((name) => !documented[name]?.text);
  if (without) throw new Error(`${table} has no comment for the option ${without}`);
  return documented;
}

/** The variables of an option, as Markdown. */
function variablesOf({ env, file, files = {} }) {
  return [env, file, ...Object.values(files)].flatMap((name) => (name ? `\`${name}\`` : []));
}

/** The text of an interface, from the declarations of its properties. */
export function typeOfOptions(source, declarations) {
  const documented = readDocumentation(source, declarations);
  const names = Object.keys(declarations).filter((name) => !declarations[name].inCode);
  return names.map((name) => renderProperty(name, declarations[name], documented[name])).join('');
}

function renderProperty(name, declaration, { text, typeInCode, sources }) {
  const variables = variablesOf(declaration).join(', ');
  const value = defaultOf(declaration);
  const lines = [
    ...text.split('\n'),
    variables ? `Environment: ${variables}.` : 'Only in code.',
    ...(value === 'required' ? [] : [`@default ${value}`]),
    ...sources.map((source) => `@see ${source}`),
  ];
  const comment = lines.map((line) => `   * ${line}\n`).join('');
  const isFunction = /^\(\w+: /.test(typeInCode);
  const type = isFunction ? `(${typeInCode})` : typeInCode;
  return `  /**\n${comment}   */\n  readonly ${name}?: ${type} | undefined;\n`;
}

/** The text of a file whose interface `name` has these properties. */
export function withProperties(file, name, properties) {
  const source = readSource(file);
  const start = source.indexOf('{\n', source.indexOf(`export interface ${name} {`)) + 2;
  return source.slice(0, start) + properties + source.slice(source.indexOf('\n}', start) + 1);
}

function readSource(path) {
  return readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
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
    .replace(/^[ |]+/, '')
    .replace(/^\((\(.*)\)$/, '$1')
    .replaceAll(/readonly (\w+\[\])/g, '$1')
    .trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = (path) => import(new URL(`../build/${path}`, import.meta.url).href);
  const { OPTIONS } = await built('options/option-table.js');
  const { RECEIVER_OPTIONS } = await built('gateway/receiver-options.js');
  const { HEALTH_CHECKERS } = await built('hit/ignore.js');
  const { AI_CHATBOTS } = await built('hit/bots/ai-chatbots.js');
  const files = {
    [TYPE]: withProperties(TYPE, 'MatomoOptions', typeOfOptions(TABLE, OPTIONS)),
    [RECEIVER_TYPE]: withProperties(
      RECEIVER_TYPE,
      'ReceiverOptions',
      typeOfOptions(RECEIVER_TABLE, RECEIVER_OPTIONS),
    ),
    [PAGE]: configurationPage({ OPTIONS, RECEIVER_OPTIONS, HEALTH_CHECKERS, AI_CHATBOTS }),
  };
  for (const [path, text] of Object.entries(files)) {
    writeFileSync(new URL(`../${path}`, import.meta.url), text);
  }
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  spawnSync(process.execPath, [BIOME, 'format', '--write', TYPE, RECEIVER_TYPE], { cwd });
  console.log(`${PAGE} has ${Object.keys(OPTIONS).length} options`);
}
