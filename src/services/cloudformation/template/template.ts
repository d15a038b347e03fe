import { validationError } from '../fault.ts';
import { isList, isMap, type Value, type ValueMap } from './value.ts';

/** A template whose sections have the right shape; their contents are still unevaluated. */
export interface Template {
  readonly description: string | undefined;
  readonly transforms: readonly string[];
  readonly metadata: Value | undefined;
  readonly parameters: Readonly<Record<string, ParameterDeclaration>>;
  readonly mappings: ValueMap;
  readonly conditions: ValueMap;
  readonly rules: ValueMap;
  readonly resources: Readonly<Record<string, ResourceDeclaration>>;
  readonly outputs: Readonly<Record<string, OutputDeclaration>>;
}

export interface ParameterDeclaration {
  readonly Type: string;
  readonly Default?: Value;
  readonly AllowedValues?: readonly Value[];
  readonly AllowedPattern?: string;
  readonly ConstraintDescription?: string;
  readonly Description?: string;
  readonly MaxLength?: Value;
  readonly MinLength?: Value;
  readonly MaxValue?: Value;
  readonly MinValue?: Value;
  readonly NoEcho?: Value;
}

export type DeletionPolicy = 'Delete' | 'Retain' | 'RetainExceptOnCreate' | 'Snapshot';

export interface ResourceDeclaration {
  readonly type: string;
  readonly condition: string | undefined;
  readonly dependsOn: readonly string[];
  /** Calls are answered by the plan. */
  readonly deletionPolicy: DeletionPolicy | ValueMap;
  readonly updateReplacePolicy: DeletionPolicy | ValueMap;
  readonly properties: ValueMap;
  readonly metadata: Value | undefined;
}

/** A resource whose policies are decided. */
export type DecidedResource = ResourceDeclaration & {
  readonly deletionPolicy: DeletionPolicy;
  readonly updateReplacePolicy: DeletionPolicy;
};

export interface OutputDeclaration {
  readonly value: Value;
  readonly description: string | undefined;
  readonly condition: string | undefined;
  readonly exportName: Value | undefined;
}

const SECTIONS = new Set(
  `AWSTemplateFormatVersion Conditions Description Mappings Metadata Outputs Parameters Resources Rules Transform`.split(
    ' ',
  ),
);
const PARAMETER_KEYS = new Set(
  `AllowedPattern AllowedValues ConstraintDescription Default Description MaxLength MaxValue MinLength MinValue NoEcho Type`.split(
    ' ',
  ),
);
const RESOURCE_KEYS = new Set(
  `Condition DeletionPolicy DependsOn Metadata Properties Type UpdateReplacePolicy`.split(' '),
);
const OUTPUT_KEYS = new Set(['Condition', 'Description', 'Export', 'Value']);
const POLICIES = new Set<string>(['Delete', 'Retain', 'RetainExceptOnCreate', 'Snapshot']);
const MOST = { Resources: 500, Parameters: 200, Outputs: 200, Mappings: 200 } as const;

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html */
export function readTemplate(root: Value): Template {
  if (!isMap(root)) throw formatError('unsupported structure.');
  const unknown = Object.keys(root).filter((key) => !SECTIONS.has(key));
  if (unknown.length > 0) {
    // Sections AWS knows and this engine does not evaluate are refused by the same rule, by name.
    throw validationError(`Invalid template property or properties [${unknown.join(', ')}]`);
  }
  const version = root['AWSTemplateFormatVersion'];
  if (version !== undefined && version !== '2010-09-09') {
    throw formatError(
      `Unrecognized AWSTemplateFormatVersion '${String(version)}'. Supported values are: ['2010-09-09']`,
    );
  }
  const description = root['Description'];
  if (description !== undefined && description !== null && typeof description !== 'string') {
    throw formatError('The template Description must be a string.');
  }
  if (typeof description === 'string' && Buffer.byteLength(description) > 1024) {
    throw formatError('Template description exceeds the maximum length of 1024 bytes');
  }
  refuseNulls(root);
  const resources = section(root, 'Resources');
  if (Object.keys(resources).length === 0) {
    throw formatError('At least one Resources member must be defined.');
  }
  return {
    description: typeof description === 'string' ? description : undefined,
    transforms: readTransforms(root['Transform']),
    metadata: root['Metadata'],
    parameters: mapValues(section(root, 'Parameters'), readParameter),
    mappings: readMappings(section(root, 'Mappings')),
    conditions: section(root, 'Conditions'),
    rules: section(root, 'Rules'),
    resources: mapValues(resources, readResource),
    outputs: mapValues(section(root, 'Outputs'), readOutput),
  };
}

export function formatError(detail: string) {
  return validationError(`Template format error: ${detail}`);
}

export function templateError(detail: string) {
  return validationError(`Template error: ${detail}`);
}

/** `Transform: X` or a list of names. */
export function readTransforms(value: Value | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  const list = isList(value) ? value : [value];
  return list.map((item) => {
    const name = isMap(item) ? item['Name'] : item;
    if (typeof name !== 'string') throw formatError('Transform must be a string or a list of strings.');
    return name;
  });
}

function section(root: ValueMap, name: string): ValueMap {
  const value = root[name];
  if (value === undefined) return {};
  if (!isMap(value)) throw formatError(`[/${name}] ${name} must be an object.`);
  const count = Object.keys(value).length;
  const most = (MOST as Readonly<Record<string, number>>)[name];
  if (most !== undefined && count > most) {
    throw formatError(`Number of ${name.toLowerCase()}, ${count}, is greater than maximum allowed, ${most}`);
  }
  if (name === 'Metadata' || name === 'Mappings' || name === 'Conditions') return value;
  const wrong = Object.keys(value).filter((key) => !/^[A-Za-z0-9]+$/.test(key));
  if (wrong.length > 0) {
    const what = name.slice(0, -1);
    throw formatError(
      name === 'Parameters'
        ? `Parameter name ${wrong[0]} is non alphanumeric.`
        : `${what} name ${wrong[0]} is non alphanumeric.`,
    );
  }
  return value;
}

/** Neither AWS nor a resource's service can tell a forgotten value from a wanted null. */
function refuseNulls(root: ValueMap): void {
  for (const name of ['Parameters', 'Mappings', 'Conditions', 'Resources', 'Outputs']) {
    const found = nullPath(root[name], `/${name}`);
    if (found === undefined) continue;
    if (found === '/Resources') throw formatError('At least one Resources member must be defined.');
    throw validationError(
      `[${found.replace(/^(\/Resources\/[^/]+)\/Properties/, '$1/Type')}] 'null' values are not allowed in templates`,
    );
  }
}

function nullPath(value: Value | undefined, path: string): string | undefined {
  if (value === null) return path;
  if (isList(value)) {
    for (const [index, item] of value.entries()) {
      const found = nullPath(item, `${path}/${index}`);
      if (found !== undefined) return found;
    }
  } else if (isMap(value)) {
    for (const key of Object.keys(value)) {
      const found = nullPath(value[key], `${path}/${key}`);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function mapValues<T>(map: ValueMap, read: (value: Value, name: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, read(value, name)]));
}

function readParameter(value: Value, name: string): ParameterDeclaration {
  if (!isMap(value)) throw formatError(`[/Parameters/${name}] Every Parameters member must be an object.`);
  for (const key of Object.keys(value)) {
    if (!PARAMETER_KEYS.has(key)) throw validationError(`Invalid template parameter property '${key}'`);
  }
  if (typeof value['Type'] !== 'string') {
    throw formatError('Every Parameters object must contain a Type member.');
  }
  if (value['AllowedValues'] !== undefined && !isList(value['AllowedValues'])) {
    throw formatError(`[/Parameters/${name}] AllowedValues must be a list.`);
  }
  return value as unknown as ParameterDeclaration;
}

function readMappings(mappings: ValueMap): ValueMap {
  for (const [name, first] of Object.entries(mappings)) {
    if (!isMap(first)) throw formatError(`Every Mappings member ${name} must be a map`);
    for (const [key, second] of Object.entries(first)) {
      if (!isMap(second)) throw formatError(`Every Mappings attribute must be a map: ${name}.${key}`);
    }
  }
  return mappings;
}

function readResource(value: Value, name: string): ResourceDeclaration {
  if (!isMap(value)) throw formatError(`[/Resources/${name}] resource definition is malformed`);
  const type = value['Type'];
  if (type === undefined) {
    throw formatError(`[/Resources/${name}] Every Resources object must contain a Type member.`);
  }
  if (typeof type !== 'string') {
    throw formatError(`[/Resources/${name}] Every Type member must be a string.`);
  }
  for (const key of Object.keys(value)) {
    if (!RESOURCE_KEYS.has(key)) throw validationError(`Invalid template resource property '${key}'`);
  }
  const properties = value['Properties'] ?? {};
  if (!isMap(properties)) {
    throw formatError(`[/Resources/${name}/Properties] Every Properties member must be an object.`);
  }
  const dependsOn = value['DependsOn'] ?? [];
  const dependencies = isList(dependsOn) ? dependsOn : [dependsOn];
  if (!dependencies.every((item) => typeof item === 'string')) {
    throw formatError('Every DependsOn value must be a string.');
  }
  const condition = value['Condition'];
  if (condition !== undefined && typeof condition !== 'string') {
    throw formatError(`[/Resources/${name}/Condition] Every Condition member must be a string.`);
  }
  return {
    type,
    condition,
    dependsOn: dependencies as readonly string[],
    deletionPolicy: readPolicy(value['DeletionPolicy'], 'DeletionPolicy', name),
    updateReplacePolicy: readPolicy(value['UpdateReplacePolicy'], 'UpdateReplacePolicy', name),
    properties,
    metadata: value['Metadata'],
  };
}

function readPolicy(value: Value | undefined, key: PolicyAttribute, name: string): DeletionPolicy | ValueMap {
  // Calls are for the plan, which knows what they come to.
  return isMap(value) ? value : policyOf(value, key, name);
}

type PolicyAttribute = 'DeletionPolicy' | 'UpdateReplacePolicy';

export function policyOf(value: Value | undefined, key: PolicyAttribute, name: string): DeletionPolicy {
  if (value === undefined) return 'Delete';
  if (typeof value !== 'string') throw formatError(`Every ${key} member must be a string.`);
  if (POLICIES.has(value)) return value as DeletionPolicy;
  throw formatError(`Unrecognized ${key} ${value} for resource ${name}`);
}

function readOutput(value: Value, name: string): OutputDeclaration {
  if (!isMap(value)) throw formatError(`[/Outputs/${name}] Every Outputs member must be an object.`);
  for (const key of Object.keys(value)) {
    if (!OUTPUT_KEYS.has(key)) throw validationError(`Invalid template output property '${key}'`);
  }
  const output = value['Value'];
  if (output === undefined) throw formatError('Every Outputs member must contain a Value object');
  const exported = value['Export'];
  if (exported !== undefined && (!isMap(exported) || exported['Name'] === undefined)) {
    throw formatError(`[/Outputs/${name}/Export] Every Export member must contain a Name`);
  }
  const { Description: description, Condition: condition } = value;
  return {
    value: output,
    description: typeof description === 'string' ? description : undefined,
    condition: typeof condition === 'string' ? condition : undefined,
    exportName: isMap(exported) ? exported['Name'] : undefined,
  };
}
