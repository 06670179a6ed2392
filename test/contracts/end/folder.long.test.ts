import { sampled } from '../../support/long.js';
import { ALL } from './rows/all.js';
import { testEnds } from './table.js';

testEnds(ALL, 'folder', { answers: sampled(['slow'], ['slow', 'down']) });
