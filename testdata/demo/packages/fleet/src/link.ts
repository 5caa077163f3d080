import { Service } from '@harbor/core';

/** A radio link to one ship. */
export abstract class ShipLink extends Service {
  constructor(public readonly ship: string) {
    super();
  }

  public abstract connect(): Promise<ShipLink>;

  public abstract disconnect(): Promise<ShipLink>;
}
