import { ALL } from './rows/all.js';
import { testEndsTogether } from './table.js';

testEndsTogether(ALL, 'folder', { answers: ['slow', 'down'] });
