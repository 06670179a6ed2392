import { test } from 'vitest';
import { hideSecrets } from '../../src/options/option.js';
import { expectLinear, MIB } from '../support/linear-input.js';

test.each(['a', 'a-', '@a', '\\"', 'https://'])(
  'secrets in an invalid value of many "%s" are hidden in linear time',
  (part) => {
    expectLinear((size) => `"${part.repeat(size / part.length)}"`, hideSecrets, MIB);
  },
);
