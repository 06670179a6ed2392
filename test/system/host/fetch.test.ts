import { testFetch } from './fetch.js';

testFetch(() => ({}));
