import { SIGNALS } from './rows/signals.js';
import { testEnds } from './table.js';

testEnds(SIGNALS, 'memory', { answers: ['slow'] });
