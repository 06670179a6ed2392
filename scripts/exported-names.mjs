// Finds what users can import, for scripts/public-names.mjs.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The exports of each entry of package.json; for types, each member with its type. */
export async function exportedNames(root) {
  const { name, exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entries = Object.entries(exports);
  const all = [
    ...entries.map(([entry, target]) => [
      `entry ${entry.replace('.', name)}`,
      typeof target === 'string' ? formatOf(target) : Object.keys(target).join(', '),
    ]),
    ...Object.keys(bin).map((command) => [`command ${command}`, 'executable']),
  ];
  for (const [entry, target] of entries) {
    const file = target.import;
    if (!file) continue; // it exports nothing
    const values = await import(pathToFileURL(join(root, file)).href);
    const prefix = `export ${entry.replace('.', name)}`;
    for (const [own, path] of reExports(join(root, toSource(file)))) {
      const kind = own in values ? kindOf(values[own]) : 'type';
      const { text, members } = readDeclaration(readFileSync(path, 'utf8'), own);
      all.push([`${prefix} ${own}`, members ? kind : `${kind} ${text}`.trim()]);
      for (const [member, type] of members ?? []) all.push([`${prefix} ${own}.${member}`, type]);
    }
  }
  return all;
}

/** Its declarations before they are bundled: a file of `build`. */
function toSource(file) {
  return file.replace(/^\.\/dist\/\w+\//, 'build/').replace(/\.js$/, '.d.ts');
}

function formatOf(target) {
  if (target.endsWith('.json')) return 'JSON';
  return target.includes('/cjs/') ? 'require' : 'import';
}

function kindOf(value) {
  if (typeof value !== 'function') return Array.isArray(value) ? 'array' : typeof value;
  return String(value).startsWith('class') ? 'class' : 'function';
}

/** Name and declaration file of each export of an entry. */
function reExports(entry) {
  const lines = readFileSync(entry, 'utf8').matchAll(
    /^export (?:type )?\{([^}]*)\} from '(.*)';$/gm,
  );
  return [...lines].flatMap(([, list, from]) =>
    list
      .split(',')
      .map((one) => one.trim().replace(/^type /, ''))
      .filter((one) => one !== '')
      .map((one) => [one, join(dirname(entry), from.replace(/\.js$/, '.d.ts'))]),
  );
}

/** The declaration of a name, or its members if it is an interface or class, without comments. */
function readDeclaration(source, name) {
  const text = source.replace(/\/\*.*?\*\/|^\s*\/\/.*$/gms, '').replace(/\s+/g, ' ');
  const start = new RegExp(`export (?:declare )?(interface|class|type|function|const) ${name}\\b`);
  const { index, 1: kind } = start.exec(text) ?? {};
  if (index === undefined) throw new Error(`found no declaration of ${name}`);
  const rest = text.slice(index).replace(start, '').trim();
  const isObject = kind === 'interface' || kind === 'class';
  const parts = splitTopLevel(isObject ? rest.slice(rest.indexOf('{') + 1) : rest);
  if (!isObject) return { text: parts[0].replace(/^= /, '') };
  const members = parts.filter((part) => part !== '#private').map(readMember);
  const inherited = rest.slice(0, rest.indexOf('{')).trim();
  return { members: [...(inherited ? [['(base)', inherited]] : []), ...members] };
}

function readMember(part) {
  const [, readonly = '', name, type] = /^(readonly )?(\[.*?\]|\w+)(.*)$/s.exec(part);
  return [
    name,
    `${readonly}${type.replace(/^(\?)?: /, (_all, optional) => (optional ? 'optional ' : ''))}`,
  ];
}

/** Parts that end in `;`, up to the brace that closes the block around `text`. */
function splitTopLevel(text) {
  const parts = [];
  let depth = 0;
  let part = '';
  for (const character of text) {
    if ('{(['.includes(character)) depth += 1;
    if ('})]'.includes(character)) depth -= 1;
    if (depth < 0) break;
    if (character === ';' && depth === 0) {
      parts.push(part.trim());
      part = '';
    } else part += character;
  }
  return parts;
}
