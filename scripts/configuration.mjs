// `npm run configuration`: writes docs/configuration.md from configuration.md beside this file, the declarations of the options, and
// their comments and types as TypeScript knows them.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from '@typescript/typescript6';

const ROOT = new URL('../', import.meta.url);
const PAGE = new URL('docs/configuration.md', ROOT);
const TEMPLATE = new URL('configuration.md', import.meta.url);
/** In the template: the title of a topic, and the name of the first of its options. */
const TOPIC = /^## (.+)\n[^{]*?\{\{(\w+)\}\}/gm;
const TYPE_FORMAT =
  ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseSingleQuotesForStringLiteralType;
const NUMBER = 'a whole number from';

/** The whole page. The options are an argument, so that a test can pass those of `src`. */
export function configurationPage(options) {
  const template = readFileSync(TEMPLATE, 'utf8');
  const { documented, requestFields } = readSources();
  const topics = [];
  for (const name of Object.keys(options)) {
    const topic = [...template.matchAll(TOPIC)].find(([, , first]) => first === name);
    if (topic) topics.push({ title: topic[1], first: name, names: [] });
    topics.at(-1).names.push(name);
  }
  const parts = {
    'fields of a request': requestFields.join(', '),
    'all topics': topics.map(({ title, names }) => renderTopic(title, names, options)).join('\n'),
  };
  for (const { first, names } of topics) {
    const shown = names.map((name) => renderOption(name, options[name], documented[name]));
    parts[first] = shown.join('\n\n');
  }
  return template.replace(/\{\{(.+?)\}\}/g, (_all, part) => parts[part]);
}

/** Comments and types of all options, and the members of `TrackedRequest`. */
function readSources() {
  const path = (name) => fileURLToPath(new URL(name, ROOT));
  const { config } = ts.readConfigFile(path('tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, path('.'));
  const program = ts.createProgram([path('src/gateway/receiver-options.ts')], options);
  const checker = program.getTypeChecker();
  const membersOf = (file, name) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(path(file)));
    const found = checker.getExportsOfModule(module).find((symbol) => symbol.name === name);
    const isType = found.flags & ts.SymbolFlags.Type;
    const read = isType ? checker.getDeclaredTypeOfSymbol : checker.getTypeOfSymbol;
    return read(found).getProperties();
  };
  const declared = [
    ...membersOf('src/options/option-table.ts', 'OPTIONS'),
    ...membersOf('src/gateway/receiver-options.ts', 'RECEIVER_OPTIONS'),
  ];
  return {
    documented: Object.fromEntries(
      declared.map((one) => [one.name, documentationOf(one, checker)]),
    ),
    requestFields: membersOf('src/hit/http-request.ts', 'TrackedRequest').map((member) => {
      const parameters = member.valueDeclaration.parameters?.map(({ name }) => name.text);
      return `\`${member.name}${parameters ? `(${parameters})` : ''}\``;
    }),
  };
}

function documentationOf(symbol, checker) {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  if (text === '') throw new Error(`The option ${symbol.name} has no comment`);
  const tags = symbol.getJsDocTags(checker);
  const tagged = (tag) =>
    tags.flatMap((one) => (one.name === tag ? ts.displayPartsToString(one.text) : []));
  const member = (type, name) => checker.getTypeOfSymbol(type.getProperty(name));
  const inCode = member(member(checker.getTypeOfSymbol(symbol), 'parse'), 'inCode');
  const type = checker.typeToString(checker.getNonNullableType(inCode), undefined, TYPE_FORMAT);
  const [[example], [defaultText]] = ['example', 'default'].map(tagged);
  return {
    text,
    type: type
      .replace(/readonly (\S+\[\]|\([^)]*\)\[\])/g, '$1')
      .replaceAll('request: TrackedRequest', 'request')
      .replace(/\(\(request\) => [^)]+\)|(?<=\| )\(request\) => [^>]+(?=>)/, 'function'),
    example,
    defaultText,
  };
}

/** A topic's options. `†` marks privacy options. */
function renderTopic(title, names, options) {
  const shown = names.map((name) => {
    const { isPrivacy, env } = options[name];
    return `${linkTo(name)}${isPrivacy && env ? '†' : ''}`;
  });
  return `* **${title}**: ${shown.join(', ')}`;
}

function renderOption(name, declaration, { text, type, ...documented }) {
  const { parse } = declaration;
  const value = defaultOf(declaration, documented);
  const inCode = parse.wanted.startsWith(NUMBER)
    ? `\`number\` from${parse.wanted.slice(NUMBER.length)}`
    : `\`${type}\``;
  const facts = [
    inCode,
    ...(variablesOf(declaration).length === 0 ? [] : [inEnvironment(declaration, documented)]),
    ...(value === 'none' ? [] : [value === 'required' ? value : `default ${value}`]),
  ];
  return `### \`${name}\`\n\n${text}\n\n${facts.join('; ')}`;
}

/** The variables or an example, and how a value is written that is not one text. */
function inEnvironment(declaration, { example }) {
  const shown = example === undefined ? variablesOf(declaration).join(' or ') : `\`${example}\``;
  const { syntax } = declaration.parse;
  return syntax === undefined ? shown : `${shown}, ${syntax}`;
}

function linkTo(name) {
  return `[\`${name}\`](#${name.toLowerCase()})`;
}

function variablesOf({ env, file }) {
  return [env, file].flatMap((name) => (name ? `\`${name}\`` : []));
}

/** The default as its comment names it. A literal has to be the default. */
function defaultOf({ default: value }, { defaultText }) {
  const [, literal] = /^`([^`]+)`$/.exec(defaultText) ?? [];
  if (literal !== undefined && typeof value !== 'object' && literal !== String(value)) {
    throw new Error(`A comment has the default ${literal} instead of ${value}`);
  }
  if (defaultText !== undefined || value === 'required') return defaultText ?? value;
  return value === false ? '`false`' : 'none';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = (path) => import(new URL(`build/${path}`, ROOT).href);
  const { OPTIONS } = await built('options/option-table.js');
  const { RECEIVER_OPTIONS } = await built('gateway/receiver-options.js');
  const options = { ...OPTIONS, ...RECEIVER_OPTIONS };
  writeFileSync(PAGE, configurationPage(options));
}
