/** What the harbor makes, starts and, in the end, disposes. */
export class Service {
  protected ready = false;

  public async start(): Promise<void> {
    this.ready = true;
  }

  public async dispose(): Promise<void> {}
}
