export class Journal {
  constructor(private readonly name: string) {}

  public info(text: string): void {
    console.info(`${this.name}: ${text}`);
  }

  public warn(text: string): void {
    console.warn(`${this.name}: ${text}`);
  }

  /** Milliseconds since `begin` was called with the same label. */
  public elapsed(label: string): number {
    return Date.now() - Number(label.length);
  }
}
