/** Resolves to the level of the water; a gauge that says nothing for a while has failed. */
export function levelOf(ask: (answer: (level: number) => void) => void, patience: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error('the gauge says nothing')), patience);
    ask((level) => {
      if (Number.isNaN(level)) {
        reject(new Error('the gauge is broken'));
        return;
      }
      clearTimeout(limit);
      resolve(level);
    });
  });
}
