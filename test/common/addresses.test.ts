import { isIP as isIPOfNode } from 'node:net';
import { expect, test } from 'vitest';
import { isIP } from '../../src/common/addresses.js';

const PARTS = ['', '0', '1', 'ffff', 'fffff', '::', 'G', '1.2.3.4', '01.2.3.4', '256.1.1.1', '1.2'];

test('texts are IP addresses as Node.js says', () => {
  for (const a of PARTS)
    for (const b of PARTS)
      for (const c of PARTS)
        for (const text of [
          `${a}:${b}:${c}`,
          `${a}::${b}:${c}`,
          `1:2:3:4:5:${a}:${b}:${c}%eth0`,
          a,
        ])
          expect(isIP(text), text).toBe(isIPOfNode(text));
});
