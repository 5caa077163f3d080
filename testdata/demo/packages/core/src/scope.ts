import { Service } from './service.js';

/** Makes services and keeps them until it is disposed. */
export class Scope {
  private made = new Map<string, Service>();

  private above?: Scope;

  constructor(above?: Scope) {
    this.above = above;
  }

  /** A scope for one job, which sees what this one has. */
  public branch(): Scope {
    return new Scope(this);
  }

  public find(name: string): Service | undefined {
    return this.made.get(name) ?? this.above?.find(name);
  }

  public async dispose(): Promise<void> {
    for (const service of this.made.values()) {
      await service.dispose();
    }
    this.made.clear();
  }
}
