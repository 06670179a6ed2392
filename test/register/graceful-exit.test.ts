import { testGracefulExit } from './graceful-exit.js';

testGracefulExit([60], () => process.execPath);
