import { EXITS, OWN_SIGNALS } from './rows/exits.js';
import { testEnds } from './table.js';

testEnds(EXITS, 'memory');
testEnds(OWN_SIGNALS, 'memory');
