import { sampled } from '../../support/long.js';
import { ALL } from './rows/all.js';
import { testEnds } from './table.js';

// Short tests have those that are slow or down.
testEnds(ALL, 'memory', { answers: sampled(['fast'], ['fast', 'down']), isCompared: true });
