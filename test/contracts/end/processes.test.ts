import { PROCESSES } from './rows/processes.js';
import { testEnds } from './table.js';

testEnds(PROCESSES, 'memory', { answers: ['slow'] });
