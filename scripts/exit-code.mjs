import { rolldown } from 'rolldown';

/** The code of a module that exports a bundle of the exit entry as text. `entry`: it, compiled or not. */
export async function exitModule(entry) {
  const modules = await rolldown({
    input: entry,
    platform: 'node',
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    onLog: (_level, { message }) => {
      throw new Error(message);
    },
  });
  const { output } = await modules.generate({ format: 'cjs', comments: false });
  return `export const EXIT_CODE = ${JSON.stringify(output[0].code)};\n`;
}
