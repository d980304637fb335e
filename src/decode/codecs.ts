import type { CelType, Codecs, ToJson, ToValue } from '../codec.ts';
import type { TypeCatalog } from './type-catalog.ts';
import { compileValue } from './value.ts';

/** A catalog's types as the other stages see them. A type must have been loaded before it is asked for. */
export class CatalogCodecs implements Codecs {
  readonly #catalog: TypeCatalog;

  constructor(catalog: TypeCatalog) {
    this.#catalog = catalog;
  }

  json(typeOid: number, largeNumbers: 'number' | 'string'): ToJson {
    return this.#catalog.encoder(typeOid, { largeNumbers });
  }

  value(typeOid: number): ToValue {
    return compileValue(this.#catalog, typeOid);
  }

  celType(typeOid: number): CelType {
    switch (this.#catalog.describe(typeOid).kind) {
      case 'bool':
        return 'bool';
      case 'int':
        return 'int';
      case 'float':
      case 'numeric':
        return 'double';
      case 'date':
      case 'timestamp':
      case 'timestamptz':
        return 'timestamp';
      case 'json':
        return 'dyn';
      case 'array':
      case 'vector':
        return 'list';
      case 'composite':
      case 'hstore':
        return 'map';
      case 'text':
        return 'string';
    }
  }
}
