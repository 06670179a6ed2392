import { join } from 'node:path';
import ts from '@typescript/typescript6';
import { expect, test } from 'vitest';
import { ROOT } from '../support/child-process.js';

/** What an application writes. Types are those of the built package. */
const FILE = join(ROOT, 'application.mts');
const PROGRAM = `
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { createGateway } from 'opentelemetry-matomo/gateway';

new MatomoSpanProcessor({
  trustProxy: ['loopback'],
  anonymizeIp: 2,
  ignore: (request) => request.path === '/internal',
  siteId: (request) => request.path.length,
  deprecated: [/^\\/v1/],
});
void createGateway({ listen: '4318', sampleRate: 0.5 });
`;

const service = createService();

test.each([
  [
    'trustProxy',
    'string | number | boolean | readonly string[]',
    /^Which proxies are trusted/,
    /^example MATOMO_TRUST_PROXY=/m,
  ],
  ['siteId', 'number | ((request: TrackedRequest) => string | number', /^ID of the site/, /./],
  ['deprecated', 'readonly (string | RegExp)[]', /^Regular expressions.*dimensions/s, /./],
  ['sampleRate', 'number', /^Share of the visitors/, /^default `1`$/m],
])('an editor shows type and comment of %s', (option, type, comment, tag) => {
  const info = service.getQuickInfoAtPosition(FILE, PROGRAM.indexOf(`${option}: `));
  expect(ts.displayPartsToString(info?.displayParts)).toContain(`${option}?: `);
  expect(ts.displayPartsToString(info?.displayParts)).toContain(type);
  expect(ts.displayPartsToString(info?.documentation)).toMatch(comment);
  const tags = info?.tags?.map(({ name, text }) => `${name} ${ts.displayPartsToString(text)}`);
  expect(tags?.join('\n') ?? '').toMatch(tag);
});

function createService(): ts.LanguageService {
  const settings: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    declaration: true,
    types: ['node'],
  };
  const textOf = (file: string) => (file === FILE ? PROGRAM : ts.sys.readFile(file));
  return ts.createLanguageService({
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
    getCompilationSettings: () => settings,
    getScriptFileNames: () => [FILE],
    getScriptVersion: () => '0',
    getScriptSnapshot(file) {
      const text = textOf(file);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => ROOT,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (file) => textOf(file) !== undefined,
    readFile: textOf,
  });
}
