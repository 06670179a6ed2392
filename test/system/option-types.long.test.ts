import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from '@typescript/typescript6';
import { expect, test } from 'vitest';
import { ROOT } from '../support/child-process.js';

/** What an application writes. Types are those of the built package. */
const FILE = join(ROOT, 'application.mts');
const PROGRAM = `
import { MatomoSpanProcessor, type MatomoOptions } from 'opentelemetry-matomo';
import { createGateway, type GatewayOptions } from 'opentelemetry-matomo/gateway';

new MatomoSpanProcessor({
  trustProxy: ['loopback'],
  anonymizeIp: 2,
  ignore: (request) => request.path === '/internal',
  siteId: (request) => request.path.length,
  deprecated: [/^\\/v1/],
  dimensions: { 4: 'matomo.deprecated_endpoint' },
  beforeSend: (hit) => ({ ...hit, dimension5: 7, uid: undefined }),
});
void createGateway({ listen: '4318', sampleRate: 0.5 });
export const copyOf = (options: MatomoOptions) => ({ ...options });
export const listenOn = (options: GatewayOptions, listen: string) => ({ ...options, listen });
`;

const { service, errorsOf } = createService();

test.each([
  ['trustProxy', 'string | number | boolean | readonly string[]', /^Which proxies are trusted/],
  ['anonymizeIp', '0 | 1 | 2 | 3 | 4', /bytes.*IPv4 address/],
  ['ignore', '(request: TrackedRequest) => boolean', /not tracked if this function returns/],
  ['siteId', 'number | ((request: TrackedRequest) => string | number', /^ID of the site/],
  ['deprecated', 'readonly (string | RegExp)[]', /^Regular expressions.*dimensions/s],
  ['dimensions', '(request: TrackedRequest) => AttributeValue', /^Custom dimensions by their ID/],
  ['listen', 'string', /^Address and port/],
  ['sampleRate', 'number', /^Share of the visitors/],
])('an editor shows type and comment of %s', (option, type, comment) => {
  const info = service.getQuickInfoAtPosition(FILE, PROGRAM.indexOf(`${option}: `));
  expect(ts.displayPartsToString(info?.displayParts)).toContain(`${option}?: `);
  expect(ts.displayPartsToString(info?.displayParts)).toContain(type);
  expect(ts.displayPartsToString(info?.documentation)).toMatch(comment);
});

test('an editor shows the default of an option, and an example of its variable', () => {
  const info = service.getQuickInfoAtPosition(FILE, PROGRAM.indexOf('trustProxy'));
  const tags = info?.tags?.map(({ name, text }) => [name, ts.displayPartsToString(text)]);
  expect(tags).toContainEqual(['example', 'MATOMO_TRUST_PROXY=loopback,10.0.0.0/8']);
  const rate = service.getQuickInfoAtPosition(FILE, PROGRAM.indexOf('sampleRate'));
  const defaults = rate?.tags?.map(({ text }) => ts.displayPartsToString(text));
  expect(defaults).toEqual(['`1`']);
});

test('an application and its declarations compile', () => {
  expect(errorsOf(PROGRAM)).toEqual([]);
});

test.each([
  ["{ record: 'all' }", /'record' does not exist/],
  ['{ anonymizeIp: 5 }', /'5' is not assignable/],
  ["{ query: 'all' }", /'"all"' is not assignable/],
  ['{ trustProxi: 1 }', /Did you mean.*'trustProxy'/],
])('%s is an error of the compiler', (options, error) => {
  const program = `import { start } from 'opentelemetry-matomo';\nstart(${options});\n`;
  expect(errorsOf(program)).toEqual([expect.stringMatching(error)]);
});

function createService() {
  let text = PROGRAM;
  let version = 0;
  const settings: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    declaration: true,
    types: ['node'],
  };
  const host: ts.LanguageServiceHost = {
    getCompilationSettings: () => settings,
    getScriptFileNames: () => [FILE],
    getScriptVersion: (file) => (file === FILE ? String(version) : '0'),
    getScriptSnapshot(file) {
      if (file === FILE) return ts.ScriptSnapshot.fromString(text);
      return ts.sys.fileExists(file)
        ? ts.ScriptSnapshot.fromString(readFileSync(file, 'utf8'))
        : undefined;
    },
    getCurrentDirectory: () => ROOT,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (file) => file === FILE || ts.sys.fileExists(file),
    readFile: ts.sys.readFile,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  };
  const service = ts.createLanguageService(host);
  return {
    service,
    /** Errors of the application, and of the declarations that the compiler writes for it. */
    errorsOf(program: string): string[] {
      text = program;
      version += 1;
      return [
        ...service.getSyntacticDiagnostics(FILE),
        ...service.getSemanticDiagnostics(FILE),
        ...(service.getProgram()?.getDeclarationDiagnostics() ?? []),
      ].map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    },
  };
}
