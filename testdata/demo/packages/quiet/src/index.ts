// Look-alikes: everything here is released, or ends by itself.
import { createReadStream } from 'fs';
import { createHash } from 'crypto';
import { EventEmitter } from 'events';
import { Journal, Service } from '@harbor/core';

/** Two intervals in fields, both cleared by the teardown. */
export class Lighthouse extends Service {
  protected blink?: NodeJS.Timeout;

  protected rotate?: NodeJS.Timeout;

  public override async start(): Promise<void> {
    this.blink = setInterval(() => this.turn(1), 1000);
    this.rotate = setInterval(() => this.turn(2), 5000);
    await super.start();
  }

  protected turn(_by: number): void {}

  public override async dispose(): Promise<void> {
    clearInterval(this.rotate);
    if (this.blink) {
      clearInterval(this.blink);
    }
  }
}

/** A local interval, cleared when its harbor says that it closes. */
export function tides(harbor: EventEmitter, measure: () => void): void {
  const gauge = setInterval(measure, 60_000);
  harbor.once('close', () => {
    clearInterval(gauge);
  });
}

/** A guard that every way of ending clears. */
export function closeDown(line: EventEmitter, journal: Journal): Promise<void> {
  return new Promise<void>((resolve) => {
    const guard = setTimeout(() => {
      journal.warn('nobody answered');
      resolve();
    }, 5000);
    line.once('end', () => {
      clearTimeout(guard);
      resolve();
    });
  });
}

/** Listeners on a stream that ends with the call. */
export function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  return new Promise((resolve, reject) => {
    createReadStream(file)
      .on('data', (chunk) => hash.update(chunk))
      .on('end', () => resolve(hash.digest('hex')))
      .on('error', (err) => reject(err));
  });
}

// setInterval(() => this.poll(), 1000): given up, events do the same.
export const flags = new Map([
  ['port', 'red'],
  ['starboard', 'green'],
]);
