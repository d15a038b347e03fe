import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../../../base/package-folder.ts';
import { isList, isMap, type MutableMap, type Value, type ValueMap } from '../template/value.ts';
import { ResourceProblem } from './problem.ts';
import { isIntrinsic } from './resource.ts';

interface PolicyTemplate {
  readonly parameters: readonly string[];
  readonly definition: ValueMap;
}

function load<T>(name: string): T {
  const path = join(packageFolder(), 'models/cloudformation/sam', `${name}.json`);
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

// Data of the program itself, read when a template first asks for it.
let templates: Readonly<Record<string, PolicyTemplate>> | undefined;
let managed: ReadonlyMap<string, string> | undefined;

function policyTemplates(): Readonly<Record<string, PolicyTemplate>> {
  return (templates ??= load<Record<string, PolicyTemplate>>('policy-templates'));
}

/** The ARN of an AWS managed policy by its name; anything else is left as it is. */
export function managedPolicyArn(name: string): string {
  managed ??= new Map(
    Object.entries(load<Record<string, readonly string[]>>('managed-policies')).flatMap(([path, names]) =>
      names.map((one) => [one, path === '' ? one : `${path}/${one}`] as const),
    ),
  );
  const path = managed.get(name);
  return path === undefined ? name : `arn:aws:iam::aws:policy/${path}`;
}

export interface RolePolicies {
  readonly managed: readonly Value[];
  readonly inline: readonly ValueMap[];
}

/** What a function's `Policies` put on its role. Inline policies are numbered by their place in the list. */
export function readPolicies(value: Value | undefined, logicalId: string, roleId: string): RolePolicies {
  if (value === undefined) return { managed: [], inline: [] };
  const attached: Value[] = [];
  const inline: ValueMap[] = [];
  for (const [index, policy] of (isList(value) ? value : [value]).entries()) {
    const PolicyName = `${roleId}Policy${index}`;
    if (typeof policy === 'string') attached.push(managedPolicyArn(policy));
    else if (!isMap(policy)) throw new ResourceProblem(logicalId, "Type of property 'Policies' is invalid.");
    else if (policy['Statement'] !== undefined) inline.push({ PolicyName, PolicyDocument: policy });
    else if (isIntrinsic(policy)) attached.push(policy);
    else {
      const [name = ''] = Object.keys(policy);
      const template = Object.hasOwn(policyTemplates(), name) ? policyTemplates()[name] : undefined;
      if (template === undefined || Object.keys(policy).length !== 1) {
        throw new ResourceProblem(
          logicalId,
          `Policy at index ${index} in the 'Policies' property is not valid: ${name} is neither a policy statement nor a policy template.`,
        );
      }
      const PolicyDocument = fill(name, template, policy[name] ?? {}, logicalId);
      inline.push({ PolicyName, PolicyDocument });
    }
  }
  return { managed: attached, inline };
}

function fill(
  name: string,
  { parameters, definition }: PolicyTemplate,
  given: Value,
  logicalId: string,
): ValueMap {
  const values = isMap(given) ? given : {};
  const missing = parameters.filter((parameter) => values[parameter] === undefined);
  if (missing.length > 0) {
    throw new ResourceProblem(
      logicalId,
      `Following required parameters of template '${name}' don't have values: [${missing.map((one) => `'${one}'`).join(', ')}]`,
    );
  }
  return replaceRefs(definition, (parameter) =>
    parameters.includes(parameter) ? values[parameter] : undefined,
  ) as ValueMap;
}

/** Puts values in the place of `{Ref: name}`. */
export function replaceRefs(value: Value, lookUp: (name: string) => Value | undefined): Value {
  if (isList(value)) return value.map((item) => replaceRefs(item, lookUp));
  if (!isMap(value)) return value;
  const { Ref } = value;
  if (typeof Ref === 'string' && Object.keys(value).length === 1) return lookUp(Ref) ?? value;
  const result: MutableMap = {};
  for (const [key, item] of Object.entries(value)) result[key] = replaceRefs(item, lookUp);
  return result;
}
