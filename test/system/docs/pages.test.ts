import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { HELP } from '../../../src/cli/help.js';
import { SETUP_TOKEN } from '../../../src/cli/setup.js';
import { WANTED } from '../../../src/cli/setup-plan.js';
import { MESSAGE_CODES } from '../../../src/common/messages.js';
import { RECEIVER_OPTIONS } from '../../../src/gateway/receiver-options.js';
import { type OptionDeclarations, variablesOf } from '../../../src/options/option.js';
import { OPTIONS } from '../../../src/options/option-table.js';
import { ROOT } from '../../support/child-process.js';
import { optionsFrom } from '../../support/options-from.js';
import { codeIn, linksOf, PAGES, read, rowsWith } from './pages.js';

const options: OptionDeclarations = OPTIONS;
const variables = Object.values(options).flatMap(({ env }) => env ?? []);

test('the index names every page in docs', () => {
  const index = read('docs/README.md');
  const pages = PAGES.filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md');
  expect(pages.filter((page) => !index.includes(`(${page.slice('docs/'.length)})`))).toEqual([]);
});

describe.each(PAGES)('%s', (page) => {
  test('has links to files and headings that exist', () => {
    expect(linksOf(page).filter((target) => !leadsSomewhere(page, target))).toEqual([]);
  });

  test('runs scripts with npm that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name);
    expect(named.filter((name) => !Object.hasOwn(scripts, name as string))).toEqual([]);
  });

  test('names environment variables that exist', () => {
    const named = read(page).match(/\bMATOMO_[A-Z_]+\b/g) ?? [];
    const files = ['MATOMO_TOKEN_AUTH_FILE', 'MATOMO_VISITOR_KEY_FILE'];
    const known = [...variables, ...files, SETUP_TOKEN, ...variablesOf(RECEIVER_OPTIONS)];
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  test('names commands and flags of the command line that exist', () => {
    const unknown = commandsOf(page).flatMap(({ name, flags }) => {
      const known = ['--help', ...(HELP.get(name)?.match(FLAG) ?? [])];
      return HELP.has(name) ? flags.filter((flag) => !known.includes(flag)) : [name];
    });
    expect(unknown).toEqual([]);
  });

  test('gives environment variables values that are taken', () => {
    const complaints = assignmentsOf(page).flatMap(
      (env) => optionsFrom({ MATOMO_TOKEN_AUTH: 'a-token', ...env }).logged,
    );
    expect(complaints).toEqual([]);
  });

  test('lists options that exist, each with its own environment variable', () => {
    for (const row of rowsWith(page, 'option')) {
      const names = codeIn(row.option as string);
      expect(names.filter((name) => !Object.hasOwn(options, name))).toEqual([]);
      const expected = names.flatMap((name) => options[name]?.env ?? []);
      if (row.environment !== undefined) expect(codeIn(row.environment)).toEqual(expected);
    }
  });
});

test('the page about dimensions lists every flag of setup', () => {
  const listed = rowsWith('docs/dimensions.md', 'flag').map(({ flag }) => flag);
  expect(new Set(listed.join().match(FLAG))).toEqual(new Set(HELP.get('setup')?.match(FLAG)));
});

test('each code of a message has its section, and each section a code', () => {
  const headings = [...read('docs/messages.md').matchAll(/^### (.*)$/gm)].map(([, text]) => text);
  expect(headings).toHaveLength(MESSAGE_CODES.length);
  expect(new Set(headings)).toEqual(new Set(MESSAGE_CODES));
});

const { NODES, SDKS } = (await import(`${ROOT}tools/matrix/set-ups.mjs`)) as {
  readonly NODES: readonly number[];
  readonly SDKS: Readonly<Record<string, { readonly dependencies: Record<string, string> }>>;
};
const versions = new Map(rowsWith('docs/versions.md', 'tested').map((row) => [row[''], row]));

test('the page about versioning has the versions of the matrix', () => {
  const apis = Object.values(SDKS).map(({ dependencies }) => dependencies['@opentelemetry/api']);
  expect(versions.get('Node.js')?.tested).toBe(NODES.join(', '));
  expect(versions.get('OpenTelemetry SDK')?.tested).toBe(Object.keys(SDKS).join(', '));
  expect(versions.get('`@opentelemetry/api`')?.tested).toBe([...new Set(apis)].join(', '));
});

test('the page about versioning has the versions of package.json', () => {
  const { engines, peerDependencies } = packageJson;
  expect(versions.get('Node.js')?.supported).toBe(`${engines.node.slice('>='.length)} and later`);
  expect(peerDependencies['@opentelemetry/api']).toBe('>=1.9.0 <2');
  expect(versions.get('`@opentelemetry/api`')?.supported).toBe('1.9 and later, below 2');
});

test('the page about removal names everything that setup may have created', () => {
  const page = read('docs/versions.md');
  expect(Object.values(WANTED).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

const FLAG = /--[a-z][a-z-]*/g;

/** `npx opentelemetry-matomo setup --mcp`, and the same without `npx` in text. */
function commandsOf(page: string): { name: string; flags: string[] }[] {
  const names = [...HELP.keys()].join('|');
  const start = `(?:npx |\\.bin/)opentelemetry-matomo |\`(?=(?:${names}) --)`;
  const commands = read(page).matchAll(RegExp(`(?:${start})([a-z]+)\\b([^\n\`|;&#]*)`, 'g'));
  return [...commands].map(([, name = '', rest = '']) => ({ name, flags: rest.match(FLAG) ?? [] }));
}

/** `NAME=value`, in code and in text, with the value as a shell would pass it on; without placeholders such as `<your token>`. */
function assignmentsOf(page: string): Record<string, string>[] {
  const shell = /\b(MATOMO_[A-Z_]+)=(?:'([^']*)'|([^\s`'"]+))/g;
  return [...read(page).matchAll(shell)].flatMap(([, name = '', quoted, plain = '']) =>
    quoted?.startsWith('<') ? [] : [{ [name]: quoted ?? plain }],
  );
}

function leadsSomewhere(page: string, target: string): boolean {
  const [path = '', heading] = target.split('#');
  const file = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, file))) return false;
  return heading === undefined || headingsOf(file).includes(heading);
}

/** As GitHub makes them. */
function headingsOf(page: string): string[] {
  const headings = read(page)
    .toLowerCase()
    .matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, text = '']) => text.replace(/[^\w\- ]/g, '').replaceAll(' ', '-'));
}
