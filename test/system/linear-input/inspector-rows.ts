import { unescapeHtml } from '../../../src/common/unescape-html.js';
import {
  escapeHtml,
  toAmount,
  toInteger,
  toNumber,
  trim,
} from '../../../src/inspector/rules/php-values.js';
import { filled, type Inputs, type LinearRow, texts } from '../../support/linear-input.js';

const VALUES: Inputs = {
  letters: 'a',
  digits: ['1', '', 'a'],
  'spaces inside': [' ', 'a', 'a'],
  'spaces around': (size) => filled(' ', size / 2, filled(' ', size / 2)),
  'spaces after a digit': [' ', '1', 'a'],
  entities: '&amp;<',
  ampersands: '&',
};

export const INSPECTOR_ROWS: readonly LinearRow[] = [
  {
    what: 'trim and escapeHtml of the inspector',
    reason: 'each end is read once, and entities are short',
    cases: texts((text) => [trim(text), escapeHtml(text), unescapeHtml(text)], VALUES),
  },
  {
    what: 'numbers of the inspector',
    reason: 'expressions are anchored, and parts that may repeat do not overlap',
    cases: texts((text) => [toNumber(text), toAmount(text), toInteger(text)], VALUES),
  },
];
