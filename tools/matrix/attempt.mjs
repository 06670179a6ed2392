/** What the matrix needs and cannot have here, through no fault of this package: cells that need it are skipped. */
export class Unavailable extends Error {}

/** `{ value }`; `{ reason }` where it cannot be had, and `{ failure }` where it has failed otherwise. */
export async function attempt(make) {
  try {
    return { value: await make() };
  } catch (error) {
    return error instanceof Unavailable ? { reason: error.message } : { failure: error.message };
  }
}
