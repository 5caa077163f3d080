import { Service } from '@harbor/core';

/** Keeps what a visitor may do; storage is left to those who extend it. */
export abstract class Registry extends Service {
  public abstract forget(visitor: string): Promise<void>;
}
