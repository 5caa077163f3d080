import Ajv from 'ajv';
import { Service } from '@harbor/core';

/** Checks cargo manifests against the schemas that it was given. */
export class ManifestCheck extends Service {
  protected ajv = new Ajv();

  public addForm(form: object, id: string): void {
    if (!this.ajv.getSchema(id)) {
      this.ajv.addSchema(form, id);
    }
  }

  public check(id: string, cargo: unknown): boolean {
    return this.ajv.validate(id, cargo);
  }
}
