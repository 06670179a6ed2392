import * as chai from 'chai';
import { ASYMMETRIC_MATCHERS_OBJECT, customMatchers, GLOBAL_EXPECT, getState, JestAsymmetricMatchers, JestChaiExpect, JestExtend, setState } from '@vitest/expect';
import { format } from 'node:util';
chai.use(JestExtend); chai.use(JestChaiExpect); chai.use(JestAsymmetricMatchers);
export const expect = (value, message) => { setState({ assertionCalls: getState(expect).assertionCalls + 1 }, expect); return chai.expect(value, message); };
Object.assign(expect, chai.expect);
Object.assign(expect, globalThis[ASYMMETRIC_MATCHERS_OBJECT]);
expect.getState = () => getState(expect);
expect.setState = (s) => setState(s, expect);
globalThis[GLOBAL_EXPECT] = expect;
setState({ assertionCalls: 0, isExpectingAssertions: false, isExpectingAssertionsError: null, expectedAssertionsNumber: null, expectedAssertionsNumberErrorGen: null, testPath: process.cwd() + '/test/x.test.ts' }, expect);
chai.expect.extend(expect, customMatchers);
expect.unreachable = (m) => { throw new Error('unreachable ' + (m ?? '')); };
const tests = []; let prefix = ''; let before = [];
let current;
export const TestRunner = { getCurrentTest: () => current };
export function test(name, a, b) { const fn = typeof a === 'function' ? a : b; tests.push({ name: prefix + name, fn, before: [...before], meta: {}, context: { skip() { throw { skipped: true }; } }, finished: [] }); }
const each = (make) => (rows) => { const all = rows.every(Array.isArray); return (name, a) => rows.forEach((row, i) => { const args = all ? row : [row]; make(`${i} ${format(name.replaceAll('%#', String(i)), ...args.slice(0, 4))}`.slice(0, 200), () => a(...args)); }); };
test.each = (rows) => each(test)(rows);
test.for = (rows) => (name, a) => rows.forEach((row) => test(format(name, ...[row].flat(1).slice(0, 2).map(String)), () => a(row)));
test.skip = () => {};
export const it = test;
export function describe(name, fn) { const [p, b] = [prefix, before]; prefix += `${name} > `; before = [...before]; fn(); prefix = p; before = b; }
describe.each = (rows) => (name, a) => rows.forEach((row) => describe(format(name, ...[row].flat(1)), () => a(...(Array.isArray(row) ? row : [row]))));
export const beforeEach = (fn) => before.push(fn);
export const afterEach = () => {}; export const afterAll = () => {}; export const beforeAll = (fn) => before.push(fn);
export const onTestFinished = (fn) => { current?.finished.push(fn); };
export const onTestFailed = () => {};
const RealDate = Date; const spies = [];
export const vi = {
  setSystemTime(t) { const now = Number(t); globalThis.Date = class extends RealDate { constructor(...a) { if (a.length) super(...a); else super(now); } static now() { return now; } }; },
  useRealTimers() { globalThis.Date = RealDate; }, isFakeTimers: () => false,
  spyOn(o, k) { const own = Object.getOwnPropertyDescriptor(o, k); const old = o[k]; const spy = { mockImplementation(f) { o[k] = f; return spy; }, mockRestore() { if (own) Object.defineProperty(o, k, own); else delete o[k]; } }; spies.push(spy); return spy; },
  restoreAllMocks() { for (const s of spies.splice(0)) s.mockRestore(); },
  stubEnv() {}, unstubAllEnvs() {},
};
import { existsSync, readFileSync } from 'node:fs';
const exclude = new Set(process.env.EXCLUDE && existsSync(process.env.EXCLUDE) ? JSON.parse(readFileSync(process.env.EXCLUDE, 'utf8')) : []);
export async function runAll({ bail = true, only } = {}) {
  const failed = []; let ran = 0;
  for (const t of tests) {
    if (exclude.has(t.name)) continue;
    current = t; ran++;
    try {
      for (const b of t.before) await b();
      let timer; 
      await Promise.race([t.fn(), new Promise((_, r) => { timer = setTimeout(r, 30000, new Error('timed out')); })]).finally?.(() => clearTimeout(timer));
      clearTimeout(timer);
    } catch (e) { if (!e?.skipped) failed.push([t.name, String(e?.message ?? e).slice(0, 300)]); }
    for (const f of t.finished.reverse()) { try { await f(); } catch {} }
    vi.useRealTimers();
    if (bail && failed.length) break;
  }
  return { ran, failed };
}
