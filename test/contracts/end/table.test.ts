import { ALL } from './rows/all.js';
import { testEnds } from './table.js';

testEnds(ALL, 'memory', { answers: ['slow'] });
