import { ALL } from './rows/all.js';
import { testEndsTogether } from './table.js';

testEndsTogether(ALL, 'memory', { answers: ['fast', 'down'], isCompared: true });
