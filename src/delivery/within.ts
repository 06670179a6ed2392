/** Settles with the promise, which must not reject, or when the time is over. */
export async function within(millis: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, millis);
  });
  await Promise.race([promise, deadline]);
  clearTimeout(timer);
}
