import { HANDLERS } from './rows/handlers.js';
import { testEnds } from './table.js';

testEnds(HANDLERS, 'memory', { answers: ['slow'] });
