import { EventEmitter } from 'events';

/** The board at the quay: shows the tides as the gauges tell them. */
export class TideBoard {
  protected rows: number[] = [];

  constructor(protected readonly gauges: EventEmitter) {
    this.gauges.on('level', this.add);
    this.gauges.on('reset', this.clear);
  }

  public dispose(): void {
    this.gauges.off('level', this.add);
  }

  protected add = (level: number) => {
    this.rows.push(level);
  };

  protected clear = () => {
    this.rows = [];
  };
}
