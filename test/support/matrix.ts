import { afterAll, beforeAll, expect } from 'vitest';
import type { InspectedHit } from '../../src/inspector/index.js';
import { ROOT } from './child-process.js';
import { skipTest } from './skips.js';

/** A major version of Node.js, packages to install in a folder, and programs of them that build an application. */
export interface Setting {
  readonly node: number;
  readonly setUp: {
    readonly name: string;
    readonly dependencies: Readonly<Record<string, string>>;
  };
  readonly build?: readonly Build[];
}

/** The first argument is a file in `node_modules`. */
export interface Build {
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What Node.js is started with, and what sends requests to the application: by default, the four of the matrix. */
interface Command extends Omit<Build, 'cwd'> {
  readonly requests?: readonly object[];
  readonly before?: readonly object[];
  readonly client?: { file: string; path: string; env: Readonly<Record<string, string>> };
}

/** Titles that are not the routes, and codes of the lines that are logged. */
interface Expected {
  readonly titles?: Readonly<Record<string, string>> | undefined;
  readonly codes?: readonly string[];
}

export interface Cell extends Setting, Expected {
  readonly name: string;
  readonly sdk?: string;
  readonly isNightly?: boolean;
  command(isWith: boolean): Command;
}

/** Differences of a wrong cell, or the reason why one was skipped. */
type Result = Cell & { status: string; differences?: readonly string[]; reason?: string };

/** What could be had, or why it could not. */
interface Outcome<T> {
  readonly value?: T;
  readonly reason?: string;
  readonly failure?: string;
}

export interface Place {
  readonly node: string;
  readonly folder: string;
}

interface Matrix {
  readonly OPERATIONS: readonly Cell[];
  readonly REQUESTS: readonly { readonly path: string; readonly url?: string }[];
  attempt<T>(make: () => Promise<T>): Promise<Outcome<T>>;
  expectedHits(requests: readonly object[], titles?: Expected['titles']): string[];
  installNode(major: number | string): Promise<{ path: string }>;
  judgeCell(command: Place & Command, expected: Expected): Promise<{ differences: string[] }>;
  packPackage(): Promise<object>;
  planCells(options: { core: true }): Cell[];
  preparePlaces(
    cells: readonly Setting[],
    npmPackage: object,
    moreApps: string,
  ): Promise<{ placeOf(cell: Setting): Outcome<Place>; close(): void }>;
  readHits(hits: readonly InspectedHit[]): string[];
  removePackage(npmPackage: object): void;
  runApp(command: Place & Command): Promise<{ hits: InspectedHit[]; answers: number[] }>;
  runCells(cells: readonly Cell[], options: { npmPackage: object }): Promise<Result[]>;
}

const PARTS = `attempt cell nodes package places requests run-app run-cells install
  operations plan set-ups`.split(/\s+/);
const modules = await Promise.all(PARTS.map((name) => import(`${ROOT}tools/matrix/${name}.mjs`)));
export const matrix: Matrix = Object.assign({}, ...modules);

const INSTALLED = `${ROOT}test/support/apps/installed`;

export const OWN_NODE = Number(process.versions.node.split('.')[0]);

export const WITHOUT_ROUTE = { '/users/ann': 'GET /users/ann' };

const placesOfFile = new Map<string, Promise<{ place: Outcome<Place>; close(): void }>>();

/** Packs this package before the tests of a file, and removes it and their places after them. Call what it returns within a test or a hook. */
export function packBeforeTests(): () => object {
  let npmPackage: object;
  beforeAll(async () => {
    npmPackage = await matrix.packPackage();
  });
  afterAll(async () => {
    for (const prepared of placesOfFile.values()) (await prepared).close();
    matrix.removePackage(npmPackage);
  });
  return () => npmPackage;
}

/**
 * A Node.js and a folder with the packages of a cell and the applications of the matrix and of `apps/installed`. Tests of a file share those
 * of equal settings. Skips the test if they cannot be installed.
 */
export async function preparePlace(cell: Setting, npmPackage: object): Promise<Place> {
  const { node, setUp, build } = cell;
  const key = JSON.stringify([node, setUp, build]);
  const prepare = async () => {
    const { placeOf, close } = await matrix.preparePlaces([cell], npmPackage, INSTALLED);
    return { place: placeOf(cell), close };
  };
  const prepared = placesOfFile.get(key) ?? prepare();
  placesOfFile.set(key, prepared);
  return expectValue((await prepared).place);
}

/** Installs a Node.js of a major, or of a version, before the tests of a `describe`. Call what it returns within a test: its path, or the test is skipped. */
export function installNodeBeforeTests(major: number | string): () => string {
  let installed: Outcome<{ path: string }>;
  beforeAll(async () => {
    installed = await matrix.attempt(() => matrix.installNode(major));
  });
  return () => expectValue(installed).path;
}

function expectValue<T>({ value, reason, failure }: Outcome<T>): T {
  skipTest(reason, 'packages');
  expect(failure).toBeUndefined();
  return value as T;
}

/** Starts an application, sends it requests, ends it by SIGTERM, and expects the answers, one hit for each and no other lines. */
export async function expectHits(
  command: Place & Command,
  { titles = {}, ...expected }: Expected = {},
): Promise<void> {
  const { differences } = await matrix.judgeCell(command, { titles, ...expected });
  expect(differences).toEqual([]);
}
