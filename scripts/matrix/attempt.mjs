/** `{ value }`, or `{ reason }` where it could not be had. */
export async function attempt(make) {
  try {
    return { value: await make() };
  } catch (error) {
    return { reason: error.message };
  }
}
