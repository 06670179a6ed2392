import { expect, test } from 'vitest';
import { createFindIgnoreReason, type FilterOptions } from '../../src/hit/find-ignore-reason.js';
import { HEALTH_CHECKERS } from '../../src/hit/request-patterns.js';
import { patterns } from '../../src/options/option-values.js';
import { httpRequest } from '../support/builders.js';
import { DEFAULT_OPTIONS } from '../support/default-options.js';

function reasonOf(request: Parameters<typeof httpRequest>[0], options: Partial<FilterOptions>) {
  const find = createFindIgnoreReason({
    ...DEFAULT_OPTIONS,
    ignoreUserAgents: [],
    ...options,
  });
  return find(httpRequest(request));
}

test.each([
  [{ path: '/health' }, { ignorePaths: ['/health'] }, 'path'],
  [{ path: '/healthy' }, { ignorePaths: ['/health'] }, undefined],
  [{ path: '/late/' }, { ignorePaths: ['/late'] }, 'path'],
  [{ path: '/late' }, { ignorePaths: ['/late/'] }, 'path'],
  [{ path: '/l%61te', route: '/late/' }, { ignorePaths: ['/late'] }, 'path'],
  [{ path: '/users/1', route: '/users/:id' }, { ignorePaths: ['/users/:id'] }, 'path'],
  [{ path: '/users/1', route: 'users/<int:id>' }, { ignorePaths: ['/users/<int:id>'] }, 'path'],
  [{ path: '/Late' }, { ignorePaths: ['/late'] }, undefined],
  [{ path: '/' }, { ignorePaths: ['/'] }, 'path'],
  [{ path: '/a', route: '/' }, { ignorePaths: ['/'] }, undefined],
  [{ path: '/files/a', route: '/files/*' }, { ignorePaths: ['/files/*'] }, undefined],
  [{ path: '/files/*' }, { ignorePaths: ['/files/*'] }, 'path'],
  [{ path: '/b/max%40example.org' }, { ignorePatterns: [/@/] }, 'pattern'],
  [{ path: '/b/max%40example.org' }, { ignorePatterns: [/%40/] }, 'pattern'],
  [{ path: '/a/users/1' }, { ignorePatterns: [/users/] }, 'pattern'],
  [{ path: '/a' }, { ignorePatterns: [/^\/$/] }, undefined],
  [{ method: 'options' }, { ignoredMethods: ['OPTIONS'] }, 'method'],
  [{ method: 'PROPFIND' }, { allowedMethods: ['GET'] }, 'method'],
  [{ method: 'PROPFIND' }, { allowedMethods: ['PROPFIND'] }, undefined],
  [{ method: 'GET' }, { allowedMethods: ['GET'], ignoredMethods: ['GET'] }, 'method'],
  [{ userAgent: 'kube-probe/1.31' }, { ignoreUserAgents: HEALTH_CHECKERS }, 'user_agent'],
  [{ userAgent: undefined }, { ignoreUserAgents: [/^$/, /undefined/] }, undefined],
] as const)('%o with %o: %s', (request, options, reason) => {
  expect(reasonOf(request, options)).toBe(reason);
});

test('exact paths come first, then methods, user agents and patterns', () => {
  const all = {
    ignorePaths: ['/a'],
    ignoredMethods: ['GET'],
    ignoreUserAgents: [/curl/],
    ignorePatterns: [/a/],
  };
  const request = { path: '/a', userAgent: 'curl/8' };
  expect(reasonOf(request, all)).toBe('path');
  expect(reasonOf(request, { ...all, ignorePaths: [] })).toBe('method');
  expect(reasonOf(request, { ...all, ignorePaths: [], ignoredMethods: [] })).toBe('user_agent');
});

test('flags that make a regular expression remember do no harm', () => {
  const ignorePatterns = patterns('ignorePatterns', [/a/g, /b/y]);
  for (let i = 0; i < 3; i++) {
    expect(reasonOf({ path: '/xa' }, { ignorePatterns })).toBe('pattern');
    expect(reasonOf({ path: '/xb' }, { ignorePatterns })).toBe('pattern');
  }
});

test.each([
  'kube-probe/1.27',
  'ELB-HealthChecker/2.0',
  'GoogleHC/1.0',
  'Envoy/HC',
  'Consul Health Check',
  'Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)',
])('%s asks for health', (userAgent) => {
  expect(reasonOf({ userAgent }, { ignoreUserAgents: HEALTH_CHECKERS })).toBe('user_agent');
});

test.each([
  'curl/8.5.0',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'my-service/1.2',
  'healthy-app/1',
])('%s is a visitor', (userAgent) => {
  expect(reasonOf({ userAgent }, { ignoreUserAgents: HEALTH_CHECKERS })).toBeUndefined();
});

test('patterns see the first 2,048 characters of a path and a user agent', () => {
  const ignorePatterns = [/b$/];
  const ignoreUserAgents = [/b$/];
  const long = `${'a'.repeat(2046)}b`;
  expect(reasonOf({ path: `/${long}c` }, { ignorePatterns })).toBe('pattern');
  expect(reasonOf({ path: `/a${long}` }, { ignorePatterns })).toBe(undefined);
  expect(reasonOf({ userAgent: `a${long}c` }, { ignoreUserAgents })).toBe('user_agent');
  expect(reasonOf({ userAgent: `aa${long}` }, { ignoreUserAgents })).toBe(undefined);
});
