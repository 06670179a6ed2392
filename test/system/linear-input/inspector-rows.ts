import { unescapeHtml } from '../../../src/common/unescape-html.js';
import {
  escapeHtml,
  toAmount,
  toInteger,
  toNumber,
  trim,
} from '../../../src/inspector/rules/php-values.js';
import { filled, type LinearRow, texts } from '../../support/linear-input.js';

const VALUES: Readonly<Record<string, (size: number) => string>> = {
  letters: (size) => filled('a', size),
  digits: (size) => filled('1', size, '', 'a'),
  'spaces inside': (size) => filled(' ', size, 'a', 'a'),
  'spaces around': (size) => filled(' ', size / 2, filled(' ', size / 2)),
  'spaces after a digit': (size) => filled(' ', size, '1', 'a'),
  entities: (size) => filled('&amp;<', size),
  ampersands: (size) => filled('&', size),
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
