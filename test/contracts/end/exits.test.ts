import { EXITS, OWN_SIGNALS } from './rows/exits.js';
import { testEnds } from './table.js';

testEnds([...EXITS, ...OWN_SIGNALS], 'memory', { answers: ['slow'] });
