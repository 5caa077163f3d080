import { Server } from 'http';
import express from 'express';
import puppeteer, { Browser } from 'puppeteer';
import { Journal } from '@harbor/core';

export class LabelPrinter {
  protected journal = new Journal('labels');

  constructor(protected readonly images: string, protected readonly slow: number) {}

  public async print(html: string, file: string): Promise<void> {
    let server: Server | undefined;
    let browser: Browser | undefined;
    try {
      server = await this.serveImages();
      browser = await puppeteer.launch();
      const page = await browser.newPage();
      await page.setContent(html);
      await page.pdf({ path: file });
    } catch (err) {
      this.journal.warn(`cannot print ${file}`);
      throw err;
    } finally {
      const took = this.journal.elapsed(file);
      if (took > this.slow) {
        this.journal.warn(`${file} took ${took} ms`);
      }

      if (browser) {
        await browser.close();
      }

      if (server) {
        await server.close();
      }
    }
  }

  /** A browser reads no local files, so the images come from a port. */
  protected serveImages(): Promise<Server> {
    const app = express();
    app.use(express.static(this.images));
    return new Promise((resolve, reject) => {
      app
        .listen(0, function (this: Server) {
          resolve(this);
        })
        .on('error', reject);
    });
  }
}
