import { isList, isMap, type MutableMap, onlyKey, type Value, type ValueMap } from '../template/value.ts';
import { Api, IMPLICIT_API, usagePlans } from './api.ts';
import { addApiEvent } from './api-event.ts';
import { transformLayer, transformTable } from './data-resources.ts';
import { EVENTS } from './event.ts';
import { type FunctionUnderWay, functionRole, transformFunction } from './function.ts';
import { readGlobals, withGlobals } from './globals.ts';
import { eventProblem, Problems, ResourceProblem } from './problem.ts';
import type { Generated, Resource } from './resource.ts';

export const SERVERLESS = 'AWS::Serverless-2016-10-31';

export interface ServerlessScope {
  /** The values of the template's parameters. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly region: string;
}

/**
 * The AWS SAM transform: a template's serverless resources become plain ones, with the logical ids SAM gives them.
 * What is not transformed yet is refused by name.
 * https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
 */
export function transformServerless(root: ValueMap, scope: ServerlessScope): ValueMap {
  const { Transform, Globals, ...rest } = root;
  const kept = (isList(Transform) ? Transform : [Transform ?? '']).filter(
    (name) => name !== SERVERLESS && name !== '',
  );
  const work = new Transformation(rest, readGlobals(Globals), scope);
  return { ...(kept.length === 0 ? {} : { Transform: kept }), ...work.run() };
}

class Transformation {
  readonly #root: ValueMap;
  readonly #scope: ServerlessScope;
  readonly #problems = new Problems();
  readonly #plain: Record<string, MutableMap> = {};
  readonly #serverless: Record<string, Resource> = {};
  readonly #conditions: Record<string, Value>;
  readonly #apis = new Map<string, Api>();
  readonly #generated: Generated = {};
  /** What `F.Alias` and the like, and a layer's own name, stand for in the result. */
  readonly #renamed = new Map<string, string>();

  constructor(root: ValueMap, globals: ValueMap, scope: ServerlessScope) {
    this.#root = root;
    this.#scope = scope;
    this.#conditions = isMap(root['Conditions']) ? { ...root['Conditions'] } : {};
    for (const [logicalId, resource] of Object.entries(isMap(root['Resources']) ? root['Resources'] : {})) {
      if (
        isMap(resource) &&
        typeof resource['Type'] === 'string' &&
        resource['Type'].startsWith('AWS::Serverless::')
      ) {
        const properties = isMap(resource['Properties']) ? resource['Properties'] : {};
        const Properties = withGlobals(globals, resource['Type'], properties, resource['IgnoreGlobals']);
        this.#serverless[logicalId] = { ...resource, Type: resource['Type'], Properties };
      } else {
        this.#plain[logicalId] = (isMap(resource) ? { ...resource } : resource) as MutableMap;
      }
    }
    this.#implicitApi(globals);
  }

  /** Events that name no API share one, whose stage is `Prod`. */
  #implicitApi(globals: ValueMap): void {
    const wanted = Object.values(this.#serverless).some(({ Type, Properties }) => {
      const { Events } = Properties;
      return (
        Type === 'AWS::Serverless::Function' &&
        isMap(Events) &&
        Object.values(Events).some(
          (event) =>
            isMap(event) &&
            event['Type'] === 'Api' &&
            !(isMap(event['Properties']) && 'RestApiId' in event['Properties']),
        )
      );
    });
    if (!wanted || this.#serverless[IMPLICIT_API] !== undefined) return;
    const Type = 'AWS::Serverless::Api';
    const Properties = withGlobals(globals, Type, { StageName: 'Prod' }, undefined);
    this.#serverless[IMPLICIT_API] = { Type, Properties };
  }

  run(): ValueMap {
    for (const [logicalId, resource] of Object.entries(this.#serverless)) {
      if (resource.Type !== 'AWS::Serverless::Api') continue;
      this.#problems.attempt(() => {
        this.#apis.set(logicalId, new Api(logicalId, resource));
      });
    }
    for (const [logicalId, resource] of Object.entries(this.#serverless)) {
      this.#problems.attempt(() => this.#transform(logicalId, resource));
    }
    for (const api of this.#apis.values()) {
      this.#problems.attempt(() => this.#writeApi(api));
    }
    this.#problems.attempt(() => Object.assign(this.#generated, usagePlans([...this.#apis.values()])));
    this.#problems.settle();
    const { Resources: _, Conditions: __, Outputs, ...others } = this.#root;
    const resources = { ...this.#plain, ...this.#generated };
    return {
      ...others,
      ...(Object.keys(this.#conditions).length === 0 ? {} : { Conditions: this.#conditions }),
      Resources: this.#rename(resources),
      ...(Outputs === undefined ? {} : { Outputs: this.#rename(Outputs) }),
    };
  }

  #writeApi(api: Api): void {
    const written = api.generate(this.#conditions);
    Object.assign(this.#generated, written);
    this.#renamed.set(`${api.logicalId}.Stage`, api.stageId);
    const deployment = Object.keys(written).find(
      (id) => written[id]?.['Type'] === 'AWS::ApiGateway::Deployment',
    );
    if (deployment !== undefined) this.#renamed.set(`${api.logicalId}.Deployment`, deployment);
  }

  #transform(logicalId: string, resource: Resource): void {
    if (resource['Connectors'] !== undefined) {
      throw new ResourceProblem(logicalId, 'Lambent does not transform Connectors yet.');
    }
    switch (resource.Type) {
      case 'AWS::Serverless::Api':
        return;
      case 'AWS::Serverless::Function':
        this.#function(logicalId, resource);
        return;
      case 'AWS::Serverless::SimpleTable':
        Object.assign(this.#generated, transformTable(logicalId, resource));
        return;
      case 'AWS::Serverless::LayerVersion': {
        const { id, generated } = transformLayer(logicalId, resource);
        Object.assign(this.#generated, generated);
        this.#renamed.set(logicalId, id);
        return;
      }
      default:
        throw new ResourceProblem(
          logicalId,
          `Lambent does not transform resources of type ${resource.Type} yet.`,
        );
    }
  }

  #function(logicalId: string, resource: Resource): void {
    const fn = transformFunction(logicalId, resource, this.#scope.parameters, this.#generated);
    if (fn.alias !== undefined) this.#renamed.set(`${logicalId}.Alias`, fn.alias);
    if (fn.version !== undefined) this.#renamed.set(`${logicalId}.Version`, fn.version);
    const { Events } = resource.Properties;
    for (const [eventId, event] of Object.entries(isMap(Events) ? Events : {}))
      this.#event(fn, eventId, event);
    Object.assign(this.#generated, functionRole(fn));
  }

  #event(fn: FunctionUnderWay, eventId: string, event: Value): void {
    const type = isMap(event) ? event['Type'] : undefined;
    const properties = isMap(event) && isMap(event['Properties']) ? event['Properties'] : {};
    if (type === 'Api') {
      const api = this.#apiOf(properties['RestApiId']);
      Object.assign(this.#generated, addApiEvent(fn, eventId, properties, api));
      return;
    }
    const transform = typeof type === 'string' && Object.hasOwn(EVENTS, type) ? EVENTS[type] : undefined;
    if (transform === undefined) {
      const known = [
        'HttpApi',
        'ScheduleV2',
        'IoTRule',
        'AlexaSkill',
        'MSK',
        'MQ',
        'SelfManagedKafka',
        'DocumentDB',
      ];
      throw eventProblem(
        fn.logicalId,
        eventId,
        known.includes(String(type))
          ? `Lambent does not transform events of type ${String(type)} yet.`
          : `Resource dict has missing or invalid value for key Type. Event Type is: ${String(type ?? null)}.`,
      );
    }
    transform({
      fn,
      eventId,
      properties,
      generated: this.#generated,
      plain: (reference) => {
        const name = isMap(reference) ? reference['Ref'] : undefined;
        const found = typeof name === 'string' ? this.#plain[name] : undefined;
        return typeof name === 'string' && isMap(found) ? { logicalId: name, resource: found } : undefined;
      },
    });
  }

  #apiOf(reference: Value | undefined): Api | undefined {
    if (reference === undefined) return this.#apis.get(IMPLICIT_API);
    const name = isMap(reference) ? reference['Ref'] : reference;
    return typeof name === 'string' ? this.#apis.get(name) : undefined;
  }

  /** Puts what names stand for in their place, in `Ref`, `Fn::GetAtt`, `Fn::Sub` and `DependsOn`. */
  #rename(value: Value): Value {
    if (isList(value)) return value.map((item) => this.#rename(item));
    if (!isMap(value)) return value;
    const key = onlyKey(value);
    const argument = key === undefined ? undefined : value[key];
    if (key === 'Ref' && typeof argument === 'string')
      return { Ref: this.#renamed.get(argument) ?? argument };
    if (key === 'Fn::GetAtt' && isList(argument)) return { 'Fn::GetAtt': this.#renamedAttribute(argument) };
    if (key === 'Fn::Sub') {
      if (typeof argument === 'string') return { 'Fn::Sub': this.#renamedText(argument) };
      if (isList(argument) && typeof argument[0] === 'string') {
        return {
          'Fn::Sub': [this.#renamedText(argument[0]), ...argument.slice(1).map((item) => this.#rename(item))],
        };
      }
    }
    const result: MutableMap = {};
    for (const [name, item] of Object.entries(value)) {
      result[name] = name === 'DependsOn' ? this.#renamedNames(item) : this.#rename(item);
    }
    return result;
  }

  #renamedNames(value: Value): Value {
    if (isList(value)) return value.map((item) => this.#renamedNames(item));
    return typeof value === 'string' ? (this.#renamed.get(value) ?? value) : this.#rename(value);
  }

  #renamedAttribute(argument: readonly Value[]): readonly Value[] {
    if (!argument.every((part) => typeof part === 'string'))
      return argument.map((part) => this.#rename(part));
    const parts = argument.join('.').split('.');
    const [first = '', second = '', ...rest] = parts;
    const property = this.#renamed.get(`${first}.${second}`);
    if (property !== undefined && rest.length > 0) return [property, rest.join('.')];
    const whole = this.#renamed.get(first);
    return whole === undefined ? argument : [whole, parts.slice(1).join('.')];
  }

  #renamedText(text: string): string {
    return text.replace(/\$\{([^!}][^}]*)\}/g, (all, inner: string) => {
      const parts = inner.trim().split('.');
      for (const count of [2, 1]) {
        const renamed = this.#renamed.get(parts.slice(0, count).join('.'));
        if (renamed !== undefined) return `\${${[renamed, ...parts.slice(count)].join('.')}}`;
      }
      return all;
    });
  }
}
