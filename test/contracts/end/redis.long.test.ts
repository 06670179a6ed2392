import { REDIS } from './rows/redis.js';
import { testEndsTogether } from './table.js';

testEndsTogether(REDIS, 'redis', { answers: ['slow', 'down'] });
