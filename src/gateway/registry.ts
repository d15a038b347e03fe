import { actionPrefix } from '../model/action-prefix.ts';
import { loadModel, loadModelIndex } from '../model/load.ts';
import type { ModelMetadata, OperationModel, ServiceModel } from '../model/model.ts';
import type { ServiceDefinition } from '../service/service.ts';

/** A service AWS has and whose model we hold; `definition` is absent while Lambent does not serve it. */
export interface KnownService {
  readonly name: string;
  readonly metadata: ModelMetadata;
  readonly definition: ServiceDefinition | undefined;
  /** Read on first use. */
  model(): ServiceModel;
}

export interface Registry {
  /** By model name: `dynamodb`. */
  byName(name: string): KnownService | undefined;
  /** By the part of `X-Amz-Target` before the last dot. */
  byTarget(prefix: string): KnownService | undefined;
  /** By the service name of a credential scope; `apigateway` signs for two. */
  bySigningName(name: string): readonly KnownService[];
  /** By the API version a query request names, for requests without a usable scope. */
  byVersion(version: string): readonly KnownService[];
  /** The definition of any service, front doors without a model included. */
  definition(name: string): ServiceDefinition | undefined;
  readonly definitions: readonly ServiceDefinition[];
  readonly known: readonly KnownService[];
}

export function signingName(metadata: ModelMetadata): string {
  return metadata.signingName ?? metadata.endpointPrefix;
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** Indexes the definitions and the models nobody serves yet, whose operations answer 501 by name. */
export function createRegistry(definitions: readonly ServiceDefinition[]): Registry {
  const byModel = new Map(definitions.map((definition) => [definition.model, definition]));
  const known = Object.entries(loadModelIndex()).map(
    ([name, metadata]): KnownService => ({
      name,
      metadata,
      definition: byModel.get(name),
      model: () => loadModel(name),
    }),
  );
  const names = new Map(known.map((service) => [service.name, service]));
  const targets = new Map<string, KnownService>();
  const signing = new Map<string, KnownService[]>();
  const versions = new Map<string, KnownService[]>();
  for (const service of known) {
    const { targetPrefix } = service.metadata;
    if (targetPrefix) {
      targets.set(targetPrefix, service);
      // CloudTrail's is a path, of which newer clients send the last part alone.
      targets.set(targetPrefix.slice(targetPrefix.lastIndexOf('.') + 1), service);
    }
    append(signing, signingName(service.metadata), service);
    append(versions, service.metadata.apiVersion, service);
  }
  const definitionsByName = new Map(definitions.map((definition) => [definition.name, definition]));
  return {
    byName: (name) => names.get(name),
    byTarget: (prefix) => targets.get(prefix),
    bySigningName: (name) => signing.get(name) ?? [],
    byVersion: (version) => versions.get(version) ?? [],
    definition: (name) => definitionsByName.get(name),
    definitions,
    known,
  };
}

/** An operation of a known service. */
export function operationOf(service: KnownService, name: string): OperationModel | undefined {
  const { operations } = service.model();
  return Object.hasOwn(operations, name) ? operations[name] : undefined;
}

/** The prefixes of the actions of every service there is a model of: `dynamodb`, `states`. */
export function actionPrefixes(registry: Registry): readonly string[] {
  return [...new Set(registry.known.map(({ metadata }) => actionPrefix(metadata)))];
}
