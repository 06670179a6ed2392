import { join } from 'node:path';
import { installPackagesBeforeTests } from '../../support/matrix.js';
import { LIBRARIES } from './rows/handlers.js';
import { testEnds } from './table.js';

const findFolder = installPackagesBeforeTests({
  name: 'ends',
  dependencies: {
    '@godaddy/terminus': '4.12.1',
    'http-terminator': '3.2.0',
    'close-with-grace': '2.5.0',
  },
});

for (const place of ['memory', 'folder'] as const) {
  testEnds(LIBRARIES, place, {
    answers: ['slow', 'down'],
    isCompared: true,
    findSetUp: () => ({ appEnv: { LIBRARIES: join(findFolder(), 'package.json') } }),
  });
}
