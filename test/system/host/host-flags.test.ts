import { testDangerousHosts } from './host-flags.js';

testDangerousHosts();
