import { Journal, Service } from '@harbor/core';
import { ShipLink } from './link.js';

export * from './link.js';

export class Fleet extends Service {
  protected links = new Map<string, ShipLink>();

  protected journal = new Journal('fleet');

  constructor(protected readonly make: <T>(ship: string) => Promise<T>) {
    super();
  }

  public async callAll(ships: string[]): Promise<void> {
    for (const ship of ships) {
      const link = await this.make<ShipLink>(ship);
      await link.connect();

      this.links.set(ship, link);
      this.journal.info(`${ship} answers`);
    }
  }

  public override async dispose(): Promise<void> {
    for (const link of this.links.values()) {
      await link.disconnect();
    }
    this.journal.warn('the fleet is on its own');
  }
}
