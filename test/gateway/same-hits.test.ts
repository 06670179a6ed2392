import type { Attributes } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { createSelection } from '../../src/gateway/otlp/read-export.js';
import type { FinishedSpan } from '../../src/request/finished-span.js';
import { Request } from '../../src/request/request.js';
import { annotateBelow, isAnnotatedBelow } from '../../src/spans/facts.js';
import { finishedSpan, READING } from '../support/builders.js';

const { keepsAttribute } = createSelection({}, READING);

test('the gateway keeps every attribute that is read of a child span', () => {
  const read = new Set<string>();
  for (const name of ['sveltekit.handle.root', 'graphql.execute', 'span']) {
    for (const code of [0, 2]) {
      for (const events of [[], [{ name: 'exception' }]]) {
        readInAllWays({ name, status: { code }, events }, read);
      }
    }
  }
  expect([...read].filter((name) => !keepsAttribute(name))).toEqual([]);
  expect([...read]).toEqual(expect.arrayContaining(['router.type', 'sveltekit.is_sub_request']));
});

/** Reads child spans with up to three of the attributes that are read, in every combination, and adds their names to `read`. */
function readInAllWays(overrides: Partial<FinishedSpan>, read: Set<string>): void {
  const tried = new Set<string>();
  function readWith(...present: readonly string[]): void {
    const key = [...new Set(present)].sort().join();
    if (tried.has(key)) return;
    tried.add(key);
    const attributes = new Proxy<Attributes>(
      {},
      {
        get(_attributes, name) {
          read.add(String(name));
          return present.includes(String(name)) ? '/text' : undefined;
        },
      },
    );
    const span = finishedSpan({ ...overrides, kind: 0, attributes });
    isAnnotatedBelow(span, READING);
    annotateBelow(Request.ofSpan(span), span, READING);
  }
  readWith();
  // A set grows while it is read.
  for (const one of read)
    for (const two of read) for (const three of read) readWith(one, two, three);
}
