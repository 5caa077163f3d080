/** Resolves after a while. */
export const pause = (ms: number) => {
  return new Promise<void>((resolve) => {
    setTimeout(() => {
      resolve();
    }, ms);
  });
};

/** Runs a job after a while and resolves to what it returned. */
export function later<T>(ms: number, job: () => T): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    setTimeout(() => {
      try {
        resolve(job());
      } catch (err) {
        reject(err);
      }
    }, ms);
  });
}
