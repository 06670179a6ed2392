import { sampled } from '../../support/long.js';
import { ALL } from './rows/all.js';
import { testEndsTogether } from './table.js';

testEndsTogether(ALL, 'folder', { answers: sampled(['slow'], ['slow', 'down']) });
