import { sampled } from '../../support/long.js';
import { ALL } from './rows/all.js';
import { testEndsTogether } from './table.js';

// Short tests have those that are slow or down.
testEndsTogether(ALL, 'memory', { answers: sampled(['fast'], ['fast', 'down']), isCompared: true });
