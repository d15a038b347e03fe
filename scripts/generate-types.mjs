// Writes src/model/gen/<service>.ts from models/<service>.json, its overrides merged over it, for every folder of
// src/services that has a model: an interface a structure, `<Service>Operations` (name → input, output) and
// `<Service>ErrorName`.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'src/model/gen');

/** The loader's own rule: this runs before there is a build of it, so its types are taken off here. */
async function loadMerge() {
  const source = readFileSync(join(root, 'src/model/merge-patch.ts'), 'utf8');
  const { code } = transformSync(source, { loader: 'ts', format: 'esm' });
  const { merge } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  return merge;
}

function parse(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

const SIMPLE = {
  character: 'string',
  boolean: 'boolean',
  integer: 'v.Integer',
  long: 'v.Integer',
  float: 'number',
  double: 'number',
  timestamp: 'v.Timestamp',
};

/** `Record`, `Date` and their like are shapes of some services; every type name gets out of their way. */
const RESERVED = new Set([
  'Date',
  'Record',
  'Readonly',
  'Function',
  'Object',
  'Error',
  'Map',
  'Set',
  'Array',
  'String',
  'Number',
  'Boolean',
]);

export function pascal(service) {
  return service
    .split('-')
    .map((part) => part[0].toUpperCase() + part.slice(1))
    .join('');
}

function typeName(shapeName) {
  const name = shapeName.replace(/[^A-Za-z0-9_]/g, '_');
  return RESERVED.has(name) || !/^[A-Za-z_]/.test(name) ? `${name}_` : name;
}

function property(name) {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function generate(service, { operations, shapes }) {
  const eventStreams = new Set(Object.keys(shapes).filter((name) => shapes[name].eventstream));

  function reference(ref) {
    const shape = shapes[ref.shape];
    if (shape.document) return 'v.Document';
    if (eventStreams.has(ref.shape)) return 'AsyncIterable<unknown>';
    switch (shape.type) {
      case 'structure':
        return typeName(ref.shape);
      case 'list':
      case 'map':
        return typeName(ref.shape);
      case 'string':
        return shape.enum ? typeName(ref.shape) : 'string';
      case 'blob':
        return ref.streaming || shape.streaming ? 'v.BlobStream' : 'v.Blob';
      default:
        return SIMPLE[shape.type];
    }
  }

  function declaration(name, shape) {
    if (shape.document || eventStreams.has(name)) return undefined;
    if (shape.type === 'structure') {
      const required = new Set(shape.required ?? []);
      const members = Object.entries(shape.members ?? {}).map(([member, ref]) =>
        required.has(member)
          ? `  readonly ${property(member)}: ${reference(ref)};`
          : `  readonly ${property(member)}?: ${reference(ref)} | undefined;`,
      );
      return members.length === 0
        ? `export type ${typeName(name)} = { readonly [name: string]: never };`
        : `export interface ${typeName(name)} {\n${members.join('\n')}\n}`;
    }
    if (shape.type === 'list')
      return `export type ${typeName(name)} = readonly (${reference(shape.member)})[];`;
    if (shape.type === 'map') {
      return `export interface ${typeName(name)} { readonly [key: string]: ${reference(shape.value)} }`;
    }
    if (shape.type === 'string' && shape.enum) {
      return `export type ${typeName(name)} = ${shape.enum.map((value) => JSON.stringify(value)).join(' | ')};`;
    }
    return undefined;
  }

  const errors = new Set();
  for (const operation of Object.values(operations)) {
    for (const error of operation.errors ?? [])
      errors.add(shapes[error.shape].error?.code ?? error.shape).add(error.shape);
  }
  const table = Object.entries(operations).map(([name, { input, output }]) => {
    const into = input ? reference(input) : '{ readonly [name: string]: never }';
    const out = output ? reference(output) : '{ readonly [name: string]: never }';
    return `  ${name}: { input: ${into}; output: ${out} };`;
  });
  return [
    `// Generated from models/${service}.json by scripts/generate-types.mjs.`,
    "import type * as v from '../values.ts';",
    ...Object.entries(shapes).flatMap(([name, shape]) => declaration(name, shape) ?? []),
    `export type ${pascal(service)}ErrorName = ${[...errors].map((name) => JSON.stringify(name)).join(' | ') || 'never'};`,
    `export interface ${pascal(service)}Operations {\n${table.join('\n')}\n}`,
    `export type Unused = v.Blob;`,
    '',
  ].join('\n');
}

/** Models that a folder serves besides its own. */
const ALSO = { dynamodb: ['dynamodbstreams'] };

const merge = await loadMerge();
mkdirSync(target, { recursive: true });
const services = join(root, 'src/services');
const folders = existsSync(services) ? readdirSync(services) : [];
for (const service of folders.flatMap((folder) => [folder, ...(ALSO[folder] ?? [])])) {
  const model = join(root, 'models', `${service}.json`);
  if (!existsSync(model)) continue;
  const overrides = join(root, 'models', 'overrides', `${service}.json`);
  const published = parse(model);
  const text = generate(service, existsSync(overrides) ? merge(published, parse(overrides)) : published);
  const file = join(target, `${service}.ts`);
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
}
