import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

/** A file of the page. */
export interface PageFile {
  readonly contentType: string;
  readonly body: Buffer;
}

/** Allows nothing from other origins, no inline code, and no text that becomes markup. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** The CommonJS build uses the page of the ES module build. */
const FOLDERS = ['../page/', '../../esm/page/'].map((path) => new URL(path, import.meta.url));
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Finds the file of a path: `/` is the page, `/page/…` are its files. Reads the folder at the first call. */
export function createFindPageFile(): (path: string) => Promise<PageFile | undefined> {
  let files: Promise<ReadonlyMap<string, PageFile>> | undefined;
  return async (path) => {
    files ??= readFolder();
    return (await files).get(path === '/' ? '/page/index.html' : path);
  };
}

async function readFolder(): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  const folder = FOLDERS.find((url) => existsSync(url));
  for (const name of folder ? await readdir(folder) : []) {
    const contentType = CONTENT_TYPES[name.slice(name.lastIndexOf('.') + 1)];
    if (contentType === undefined) continue;
    files.set(`/page/${name}`, { contentType, body: await readFile(new URL(name, folder)) });
  }
  return files;
}
