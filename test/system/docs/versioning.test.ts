import { expect, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { ROOT } from '../../support/child-process.js';
import { rowsWith } from './pages.js';

interface SetUps {
  readonly NODES: readonly number[];
  readonly SDKS: Readonly<Record<string, { readonly dependencies: Record<string, string> }>>;
}

const { NODES, SDKS } = (await import(`${ROOT}tools/matrix/set-ups.mjs`)) as SetUps;
const rows = new Map(rowsWith('docs/versioning.md', 'tested').map((row) => [row[''], row]));

test('the page has the versions of the matrix', () => {
  const apis = Object.values(SDKS).map(({ dependencies }) => dependencies['@opentelemetry/api']);
  expect(rows.get('Node.js')?.tested).toBe(NODES.join(', '));
  expect(rows.get('OpenTelemetry SDK')?.tested).toBe(Object.keys(SDKS).join(', '));
  expect(rows.get('`@opentelemetry/api`')?.tested).toBe([...new Set(apis)].join(', '));
});

test('the page has the versions of package.json', () => {
  const { engines, peerDependencies } = packageJson;
  expect(rows.get('Node.js')?.supported).toBe(`${engines.node.slice('>='.length)} and later`);
  expect(peerDependencies['@opentelemetry/api']).toBe('>=1.9.0 <2');
  expect(rows.get('`@opentelemetry/api`')?.supported).toBe('1.9 and later, below 2');
});
