import { Registry } from '@harbor/auth';
import { Berth, Journal, Setting } from '@harbor/core';

@Berth('visitors')
export class VisitorBook extends Registry {
  @Setting('visitors.sweep', 60_000)
  protected sweepEvery!: number;

  protected journal = new Journal('visitors');

  public async start() {
    setInterval(async () => {
      const gone = await this.sweep();

      this.journal.info(`${gone} visitors were struck off`);
    }, this.sweepEvery);
  }

  public async forget(visitor: string): Promise<void> {
    this.journal.info(`${visitor} is forgotten`);
  }

  protected async sweep(): Promise<number> {
    return 0;
  }
}
