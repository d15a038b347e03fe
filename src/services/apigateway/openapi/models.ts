import type { World } from '../../../world/world.ts';
import { defaultModels, type ModelRow, newId } from '../definition.ts';
import { badRequest } from '../fault.ts';
import { type ApiDocument, isObject, objectAt, textAt } from './document.ts';

/** Models of AWS's own that documents name without defining them. */
const GIVEN = new Set(['Empty', 'Error']);

/** The models of a document: its definitions, and the schemas written where they are used. */
export class Models {
  readonly #document: ApiDocument;
  readonly #api: string;
  readonly #world: World;
  readonly #rows: Map<string, ModelRow>;

  constructor(document: ApiDocument, api: string, known: readonly ModelRow[], world: World) {
    this.#document = document;
    this.#api = api;
    this.#world = world;
    this.#rows = new Map(known.map((row) => [row.name, row]));
  }

  rows(): readonly ModelRow[] {
    return [...this.#rows.values()];
  }

  readAll(): void {
    const { root, version } = this.#document;
    const definitions =
      version === 2 ? objectAt(root, 'definitions') : objectAt(objectAt(root, 'components'), 'schemas');
    for (const [name, schema] of Object.entries(definitions)) this.#add(name, schema);
  }

  /** The name of the model a schema is, made when it is written in place; undefined when there is no schema. */
  nameOf(schema: unknown): string | undefined {
    if (!isObject(schema)) return undefined;
    const ref = textAt(schema, '$ref');
    if (ref === undefined) {
      const name = `MODEL${this.#world.random.id(6, '0123456789abcdef')}`;
      this.#add(name, schema);
      return name;
    }
    const name = decodeURIComponent(ref.slice(ref.lastIndexOf('/') + 1));
    if (!this.#rows.has(name)) {
      const given = GIVEN.has(name) ? defaultModels(this.#world).find((row) => row.name === name) : undefined;
      if (given === undefined) throw badRequest(`Invalid model name specified: ${name}`);
      this.#rows.set(name, given);
    }
    return name;
  }

  #add(name: string, schema: unknown): void {
    const description = textAt(schema, 'description');
    this.#rows.set(name, {
      id: this.#rows.get(name)?.id ?? newId(this.#world),
      name,
      contentType: 'application/json',
      ...(description === undefined ? {} : { description }),
      schema: JSON.stringify(this.#absolute(schema), undefined, 2),
    });
  }

  /** References to other definitions spelled as those to models. */
  #absolute(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#absolute(item));
    if (!isObject(value)) return value;
    const ref = textAt(value, '$ref');
    if (ref !== undefined && !ref.startsWith('http')) {
      const name = ref.slice(ref.lastIndexOf('/') + 1);
      return { $ref: `https://apigateway.amazonaws.com/restapis/${this.#api}/models/${name}` };
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#absolute(item)]));
  }
}
