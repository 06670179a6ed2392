import { rolldown } from 'rolldown';

/** The code of a module that exports a bundle of the exit worker as text. `entry`: the worker, compiled or not. */
export async function exitWorkerModule(entry) {
  const modules = await rolldown({
    input: entry,
    platform: 'node',
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    onLog: (_level, { message }) => {
      throw new Error(message);
    },
  });
  const { output } = await modules.generate({ format: 'iife', comments: false });
  return `export const EXIT_WORKER = ${JSON.stringify(output[0].code)};\n`;
}
