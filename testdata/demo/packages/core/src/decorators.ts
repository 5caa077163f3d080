/** Makes a class known under a name. */
export function Berth(name: string) {
  return (target: object): void => {
    Object.defineProperty(target, 'berth', { value: name });
  };
}

/** Fills a member from the settings. */
export function Setting(path: string, otherwise?: unknown) {
  return (target: object, key: string): void => {
    Object.defineProperty(target, key, { value: otherwise ?? path, writable: true });
  };
}
