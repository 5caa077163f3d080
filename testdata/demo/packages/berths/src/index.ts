export interface Quay {
  isFree(name: string): Promise<boolean>;
}

/** Waits until a berth is free; false when that took too long. */
export function waitForBerth(quay: Quay, name: string, limit: number): Promise<boolean> {
  const begun = Date.now();
  return new Promise((resolve, reject) => {
    const poll = setInterval(async () => {
      try {
        if (await quay.isFree(name)) {
          clearInterval(poll);
          resolve(true);
        } else if (Date.now() - begun > limit) {
          clearInterval(poll);
          resolve(false);
        }
      } catch (err) {
        reject(err);
      }
    }, 250);
  });
}
