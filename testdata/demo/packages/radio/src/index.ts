import { Client, StompSubscription } from '@stomp/stompjs';
import { Journal } from '@harbor/core';

export class Radio {
  protected client!: Client;

  protected channels = new Map<string, StompSubscription>();

  protected journal = new Journal('radio');

  public async start(url: string): Promise<void> {
    this.client = new Client({ brokerURL: url });
    this.client.activate();
  }

  public listen(channel: string, hear: (text: string) => void): void {
    if (this.channels.has(channel)) {
      this.journal.warn(`${channel} is listened to already`);
      return;
    }
    const subscription = this.client.subscribe(channel, (message) => hear(message.body));
    this.channels.set(channel, subscription);
  }

  public mute(channel: string): void {
    this.channels.get(channel)?.unsubscribe();
    this.channels.delete(channel);
  }

  public async dispose(): Promise<void> {
    this.journal.info('off the air');
    await this.client.deactivate();
  }
}
