/** Whether this is Deno. Deno requires a permission for each variable. */
const IS_DENO = process.versions.deno !== undefined;

/** The variables of this process. A variable that Deno does not allow to read counts as unset. */
export function environment(): NodeJS.ProcessEnv {
  return IS_DENO ? readable(process.env) : process.env;
}

function readable(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const read = (name: string | symbol) => orElse(undefined, () => env[String(name)]);
  return new Proxy<NodeJS.ProcessEnv>(
    {},
    {
      get: (_, name) => read(name),
      has: (_, name) => read(name) !== undefined,
      ownKeys: () => orElse([], () => Object.keys(env)),
      getOwnPropertyDescriptor: (_, name) => {
        const value = read(name);
        return value === undefined ? value : { value, enumerable: true, configurable: true };
      },
    },
  );
}

function orElse<Value>(fallback: Value, read: () => Value): Value {
  try {
    return read();
  } catch {
    return fallback;
  }
}
