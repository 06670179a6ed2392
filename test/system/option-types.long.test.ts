import { join } from 'node:path';
import ts from '@typescript/typescript6';
import { expect, test } from 'vitest';
import { ROOT } from '../support/child-process.js';

/** Of the built package. */
const FILES = {
  MatomoOptions: 'dist/cjs/index.d.ts',
  GatewayOptions: 'dist/cjs/gateway/index.d.ts',
};

test.each([
  ['MatomoOptions', 'trustProxy', 'string | number | boolean | readonly string[]', 'example'],
  ['MatomoOptions', 'siteId', 'number | ((request: TrackedRequest) => string | number', 'example'],
  ['MatomoOptions', 'ignorePatterns', 'readonly (string | RegExp)[]', 'example'],
  ['GatewayOptions', 'sampleRate', 'number', 'default'],
] as const)(
  'an editor shows a comment of each of %s, and of %s its type',
  (name, option, shown, tag) => {
    const path = join(ROOT, FILES[name]);
    const program = ts.createProgram([path], { strict: true, types: ['node'] });
    const checker = program.getTypeChecker();
    const file = checker.getSymbolAtLocation(program.getSourceFile(path) as ts.SourceFile);
    const exported = checker.getExportsOfModule(file as ts.Symbol);
    const symbol = exported.find((each) => each.name === name) as ts.Symbol;
    const options = checker.getDeclaredTypeOfSymbol(symbol).getProperties();
    const bare = options.filter((each) => each.getDocumentationComment(checker).length === 0);
    expect([options.length > 10, bare.map((each) => each.name)]).toEqual([true, []]);
    const found = options.find((each) => each.name === option) as ts.Symbol;
    expect(checker.typeToString(checker.getTypeOfSymbol(found))).toContain(shown);
    expect(found.getJsDocTags(checker).map((each) => each.name)).toContain(tag);
  },
);
