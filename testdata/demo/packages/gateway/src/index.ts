import { createServer, Server } from 'http';
import { Service } from '@harbor/core';

export class Gateway extends Service {
  protected server!: Server;

  constructor(protected readonly port: number) {
    super();
  }

  public override async start(): Promise<void> {
    this.server = createServer((_request, response) => response.end('welcome'));
    await new Promise<void>((resolve, reject) => {
      this.server.listen(this.port, resolve).on('error', reject);
    });
    await super.start();
  }

  public stop() {
    if (this.server) {
      this.server.close();
    }
  }
}
