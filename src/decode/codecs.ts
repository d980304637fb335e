import type { CelType, Codecs, JsonWriter, ToJson, ToValue, TypeShape } from '../codec.ts';
import { arrayReader } from './array.ts';
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

  writer(typeOid: number, largeNumbers: 'number' | 'string'): JsonWriter {
    return this.#catalog.writer(typeOid, { largeNumbers });
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

  shape(typeOid: number): TypeShape {
    const type = this.#catalog.describe(typeOid);
    switch (type.kind) {
      case 'array':
        return { kind: 'array', name: type.name, element: type.element };
      case 'composite':
      case 'hstore':
        return { kind: type.kind, name: type.name, element: 0 };
      default:
        return { kind: 'scalar', name: type.name, element: 0 };
    }
  }

  jsonArray(typeOid: number, item: ToJson): ToJson {
    const type = this.#catalog.describe(typeOid);
    if (type.kind !== 'array') throw new RangeError(`type ${typeOid} is no array`);
    return arrayReader(type.delimiter, { nothing: 'null', item, list: (items) => `[${items.join(',')}]` });
  }
}
