import modules, { createRequire } from 'node:module';
import { expect, onTestFinished, test } from 'vitest';
import { loadUnhooked } from '../../src/common/unhooked.js';

interface Prototype {
  require(this: unknown, id: string): unknown;
}

const { prototype } = modules.Module as unknown as { prototype: Prototype };
const require = createRequire(import.meta.url);

test('after a dependency has been loaded, require is what it was', async () => {
  const { require: before } = prototype;
  await loadUnhooked(async () => expect(prototype.require).not.toBe(before));
  expect(prototype.require).toBe(before);
});

test('a hook on require that is added meanwhile stays', async () => {
  const { require: before } = prototype;
  onTestFinished(() => {
    prototype.require = before;
  });
  const seen: string[] = [];
  await loadUnhooked(async () => {
    const { require: inner } = prototype;
    prototype.require = function hook(id) {
      seen.push(id);
      return inner.call(this, id);
    };
  });
  expect(require('node:os')).toBe(process.getBuiltinModule('node:os'));
  expect(seen).toEqual(['node:os']);
});
