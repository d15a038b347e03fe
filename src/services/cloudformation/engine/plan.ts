import { validationError } from '../fault.ts';
import type { Made } from '../resource.ts';
import { resourceType } from '../schema/resource-type.ts';
import type { StackOutput, Tag } from '../stack.ts';
import { reachable } from '../template/address.ts';
import { evaluateConditions } from '../template/condition.ts';
import { dependencies, references } from '../template/graph.ts';
import { evaluate, evaluatePartly, type Scope } from '../template/intrinsic.ts';
import { type ParameterValue, parameterRef } from '../template/parameter.ts';
import { pseudoParameter, type StackPlace } from '../template/pseudo.ts';
import { checkRules } from '../template/rule.ts';
import {
  type DecidedResource,
  type DeletionPolicy,
  formatError,
  policyOf,
  type ResourceDeclaration,
  type Template,
  templateError,
} from '../template/template.ts';
import { equalValues, isList, isMap, type MutableMap, type Value, type ValueMap } from '../template/value.ts';

/** What evaluation looks up of a resource that exists. */
export type Known = Pick<Made, 'ref' | 'attributes'>;

export interface PlanInput {
  readonly template: Template;
  readonly parameters: readonly ParameterValue[];
  readonly tags: readonly Tag[];
  readonly place: StackPlace;
  /** Exports of the account and region. */
  readonly exports: ReadonlyMap<string, string>;
  /** Base URL that stands in for AWS's addresses. */
  readonly endpoint: string;
}

/** A template with its conditions decided: what the stack shall be, resource by resource. Pure. */
export class Plan {
  readonly resources: Readonly<Record<string, DecidedResource>>;
  readonly needs: ReadonlyMap<string, readonly string[]>;
  readonly #input: PlanInput;
  readonly #conditions: ReadonlyMap<string, boolean>;

  constructor(input: PlanInput) {
    this.#input = input;
    const nothing = new Map<string, Known>();
    this.#conditions = evaluateConditions(input.template.conditions, this.#scope(nothing));
    this.resources = Object.fromEntries(
      Object.entries(input.template.resources).flatMap(([id, declaration]) =>
        this.#holds(declaration.condition) ? [[id, this.#decided(id, declaration)]] : [],
      ),
    );
    this.needs = dependencies(
      this.resources,
      Object.fromEntries(Object.keys(this.resources).map((id) => [id, this.partly(id, nothing)])),
    );
  }

  /** Names of the parameters whose values are others than another plan's. */
  changedParameters(other: Plan): ReadonlySet<string> {
    const before = new Map(other.#input.parameters.map((one) => [one.key, one.resolved ?? one.value]));
    return new Set(
      this.#input.parameters.flatMap(({ key, value, resolved }) =>
        before.get(key) === (resolved ?? value) ? [] : [key],
      ),
    );
  }

  hasOtherTags(other: Plan): boolean {
    return !equalValues(this.#input.tags as unknown as Value, other.#input.tags as unknown as Value);
  }

  /** A value as JSON, without what NoEcho parameters hold in this plan or in `other`. */
  masked(value: Value, other?: Plan): string {
    return [...this.#input.parameters, ...(other === undefined ? [] : other.#input.parameters)]
      .filter((one) => one.noEcho && one.value !== '')
      .map((one) => JSON.stringify(one.value).slice(1, -1))
      .reduce((text, secret) => text.replaceAll(secret, '****'), JSON.stringify(value));
  }

  /** Throws where the parameters break one of the template's rules. */
  checkRules(): void {
    checkRules(this.#input.template.rules, this.#scope(new Map()));
  }

  /** Throws where a resource or an output needs a resource that its condition leaves out. */
  refuseLeftOut(): void {
    const nothing = new Map<string, Known>();
    for (const id of Object.keys(this.resources)) this.#refuse(this.partly(id, nothing), 'Resources');
    const scope = this.#scope(nothing);
    for (const { value, condition } of Object.values(this.#input.template.outputs)) {
      if (this.#holds(condition)) this.#refuse(evaluatePartly(value, scope), 'Outputs');
    }
  }

  #refuse(value: Value | undefined, block: 'Resources' | 'Outputs'): void {
    const leftOut = [...references(value)].flatMap(({ name }) =>
      Object.hasOwn(this.#input.template.resources, name) && !Object.hasOwn(this.resources, name)
        ? [name]
        : [],
    );
    if (leftOut.length === 0) return;
    const problem = `Unresolved resource dependencies [${[...new Set(leftOut)].join(', ')}] in the ${block} block of the template`;
    throw block === 'Outputs' ? validationError(problem) : formatError(problem);
  }

  #decided(id: string, declaration: ResourceDeclaration): DecidedResource {
    const { deletionPolicy, updateReplacePolicy } = declaration;
    const decide = (policy: DeletionPolicy | ValueMap, key: 'DeletionPolicy' | 'UpdateReplacePolicy') =>
      policyOf(isMap(policy) ? evaluate(policy, this.#scope(new Map())) : policy, key, id);
    return {
      ...declaration,
      deletionPolicy: decide(deletionPolicy, 'DeletionPolicy'),
      updateReplacePolicy: decide(updateReplacePolicy, 'UpdateReplacePolicy'),
    };
  }

  /** A resource's metadata, with what is not known left as it is written. */
  metadata(logicalId: string, known: ReadonlyMap<string, Known>): Value | undefined {
    const metadata = this.resources[logicalId]?.metadata;
    return metadata === undefined ? undefined : evaluatePartly(metadata, this.#scope(known));
  }

  /** A resource's properties, stack tags included; every resource it needs must be in `known`. */
  properties(logicalId: string, known: ReadonlyMap<string, Known>): ValueMap {
    return this.#finish(logicalId, evaluate(this.#declared(logicalId), this.#scope(known)));
  }

  /** The same where some are not known yet: their calls stay in place. */
  partly(logicalId: string, known: ReadonlyMap<string, Known>): ValueMap {
    return this.#finish(logicalId, evaluatePartly(this.#declared(logicalId), this.#scope(known)));
  }

  outputs(known: ReadonlyMap<string, Known>): readonly StackOutput[] {
    const scope = this.#scope(known);
    return Object.entries(this.#input.template.outputs).flatMap(([key, declaration]) => {
      if (!this.#holds(declaration.condition)) return [];
      const value = evaluate(declaration.value, scope);
      if (value === undefined) return [];
      if (typeof value === 'object') {
        throw templateError(`The Value field of every Outputs member must evaluate to a String.`);
      }
      const name = declaration.exportName === undefined ? undefined : evaluate(declaration.exportName, scope);
      return [
        {
          key,
          value: String(reachable(value, this.#input.endpoint)),
          ...(declaration.description === undefined ? {} : { description: declaration.description }),
          ...(name === undefined ? {} : { exportName: String(name) }),
        },
      ];
    });
  }

  /** Names of the exports the plan reads. */
  imports(known: ReadonlyMap<string, Known>): ReadonlySet<string> {
    const names = new Set<string>();
    const scope = this.#scope(known, (name) => names.add(name));
    for (const id of Object.keys(this.resources)) evaluatePartly(this.#declared(id), scope);
    for (const { value, condition } of Object.values(this.#input.template.outputs)) {
      if (this.#holds(condition)) evaluatePartly(value, scope);
    }
    return names;
  }

  #declared(logicalId: string): ValueMap {
    return this.resources[logicalId]?.properties ?? {};
  }

  #holds(condition: string | undefined): boolean {
    return condition === undefined || this.#conditions.get(condition) === true;
  }

  #finish(logicalId: string, value: Value | undefined): ValueMap {
    const properties = isMap(value) ? value : {};
    const withTags = tagged(this.resources[logicalId]?.type ?? '', properties, this.#input.tags);
    return reachable(withTags, this.#input.endpoint) as ValueMap;
  }

  #scope(known: ReadonlyMap<string, Known>, onImport?: (name: string) => void): Scope {
    const { template, parameters, place, exports } = this.#input;
    return {
      mappings: template.mappings,
      region: place.region,
      ref: (name) => {
        const declaration = template.parameters[name];
        const parameter = parameters.find(({ key }) => key === name);
        if (declaration !== undefined && parameter !== undefined) return parameterRef(declaration, parameter);
        return pseudoParameter(name, place) ?? known.get(name)?.ref;
      },
      attribute: (logicalId, attribute) => {
        const resource = known.get(logicalId);
        if (resource === undefined) return undefined;
        const value = attributeOf(resource.attributes, attribute);
        if (value === undefined) {
          throw templateError(
            `resource ${logicalId} does not support attribute type ${attribute} in Fn::GetAtt`,
          );
        }
        return value;
      },
      condition: (name) => this.#conditions.get(name) === true,
      importValue: (name) => {
        onImport?.(name);
        const value = exports.get(name);
        if (value === undefined && onImport === undefined)
          throw templateError(`No export named ${name} found.`);
        return value ?? '';
      },
    };
  }
}

function attributeOf(attributes: ValueMap, name: string): Value | undefined {
  if (Object.hasOwn(attributes, name)) return attributes[name];
  let value: Value | undefined = attributes;
  for (const part of name.split('.'))
    value = isMap(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  return value;
}

/** Stack tags go to every resource that takes tags; a resource's own win. */
function tagged(type: string, properties: ValueMap, tags: readonly Tag[]): ValueMap {
  const form = tags.length === 0 ? undefined : resourceType(type)?.tags;
  if (form === undefined) return properties;
  const own = properties[form.property];
  const result: MutableMap = { ...properties };
  if (form.form === 'map') {
    result[form.property] = {
      ...Object.fromEntries(tags.map((tag) => [tag.Key, tag.Value])),
      ...(isMap(own) ? own : {}),
    };
  } else if (form.form === 'standard') {
    const list = isList(own) ? own : [];
    const named = new Set(list.map((tag) => (isMap(tag) ? tag['Key'] : undefined)));
    result[form.property] = [
      ...list,
      ...tags.filter(({ Key }) => !named.has(Key)).map(({ Key, Value }) => ({ Key, Value })),
    ];
  }
  return result;
}
