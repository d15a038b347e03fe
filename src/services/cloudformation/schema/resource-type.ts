import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../../../base/assert.ts';
import { packageFolder } from '../../../base/package-folder.ts';

/** A property's flags and type, parsed from its word in `models/cloudformation/*.json`. */
export interface PropertySchema {
  readonly required: boolean;
  /** Whether a change makes a new resource. */
  readonly replaces: 'yes' | 'maybe' | 'no';
  readonly type: PropertyType;
}

export type PropertyType =
  | { readonly kind: 'string' | 'integer' | 'number' | 'boolean' | 'json' | 'date-time' }
  | { readonly kind: 'list' | 'map'; readonly of: PropertyType }
  | { readonly kind: 'structure'; readonly structure: StructureSchema }
  | { readonly kind: 'union'; readonly types: readonly PropertyType[] };

export interface StructureSchema {
  readonly name: string;
  readonly properties: ReadonlyMap<string, PropertySchema>;
}

/** What CloudFormation's registry says of a resource type. */
export interface ResourceType extends StructureSchema {
  readonly attributes: readonly string[];
  readonly identifier: readonly string[];
  readonly tags?: { readonly property: string; readonly form: 'standard' | 'asg' | 'map' };
}

interface NamespaceFile {
  readonly types: Readonly<
    Record<
      string,
      {
        readonly properties: Readonly<Record<string, string>>;
        readonly attributes: readonly string[];
        readonly identifier: readonly string[];
        readonly tags?: ResourceType['tags'];
      }
    >
  >;
  readonly definitions: readonly {
    readonly name: string;
    readonly properties: Readonly<Record<string, string>>;
  }[];
}

/** Compiled on first use, kept for good: the files are part of the program. */
const namespaces = new Map<string, Namespace | undefined>();

/** The schema of `AWS::Service::Name`; undefined when the registry does not have it. */
export function resourceType(type: string): ResourceType | undefined {
  const [vendor, namespace = '', name] = type.split('::');
  if (vendor !== 'AWS' || name === undefined || !/^\w+$/.test(namespace)) return undefined;
  if (!namespaces.has(namespace)) namespaces.set(namespace, Namespace.load(namespace));
  return namespaces.get(namespace)?.type(type);
}

class Namespace {
  readonly #file: NamespaceFile;
  readonly #types = new Map<string, ResourceType>();
  readonly #structures: (StructureSchema | undefined)[] = [];

  constructor(file: NamespaceFile) {
    this.#file = file;
  }

  static load(namespace: string): Namespace | undefined {
    try {
      const file = join(packageFolder(), `models/cloudformation/${namespace}.json`);
      return new Namespace(JSON.parse(readFileSync(file, 'utf8')) as NamespaceFile);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  type(name: string): ResourceType | undefined {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    const raw = Object.hasOwn(this.#file.types, name) ? this.#file.types[name] : undefined;
    if (raw === undefined) return undefined;
    const { attributes, identifier, tags } = raw;
    const type: ResourceType = {
      name,
      properties: this.#properties(raw.properties),
      attributes,
      identifier,
      ...(tags === undefined ? {} : { tags }),
    };
    this.#types.set(name, type);
    return type;
  }

  #properties(raw: Readonly<Record<string, string>>): ReadonlyMap<string, PropertySchema> {
    return new Map(Object.entries(raw).map(([name, word]) => [name, this.#property(word)]));
  }

  #property(word: string): PropertySchema {
    const [, flags = '', type = ''] = /^([!~?]*)(.+)$/.exec(word) ?? [];
    return {
      required: flags.includes('!'),
      replaces: flags.includes('~') ? 'yes' : flags.includes('?') ? 'maybe' : 'no',
      type: this.#type(type),
    };
  }

  #type(text: string): PropertyType {
    const alternatives = splitUnion(text);
    if (alternatives.length > 1) {
      return { kind: 'union', types: alternatives.map((one) => this.#type(one)) };
    }
    if (text.startsWith('[')) return { kind: 'list', of: this.#type(text.slice(1, -1)) };
    if (text.startsWith('{')) return { kind: 'map', of: this.#type(text.slice(1, -1)) };
    if (text.startsWith('#')) return this.#reference(Number(text.slice(1)));
    return { kind: text as 'string' };
  }

  /** Definitions may contain themselves, so the structure is compiled when it is first looked at. */
  #reference(index: number): PropertyType {
    const load = () => this.#structure(index);
    return {
      kind: 'structure',
      get structure() {
        return load();
      },
    };
  }

  #structure(index: number): StructureSchema {
    const known = this.#structures[index];
    if (known !== undefined) return known;
    const raw = this.#file.definitions[index];
    assert(raw !== undefined, `definition ${index} is not in the resource types`);
    const structure = { name: raw.name, properties: this.#properties(raw.properties) };
    this.#structures[index] = structure;
    return structure;
  }
}

/** Splits at `|` outside brackets. */
function splitUnion(text: string): readonly string[] {
  if (!text.includes('|')) return [text];
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (char === '[' || char === '{') depth++;
    else if (char === ']' || char === '}') depth--;
    else if (char === '|' && depth === 0) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, text.slice(start)];
}
