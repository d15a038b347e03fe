import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../base/assert.ts';
import { packageFolder } from '../base/package-folder.ts';
import { merge } from './merge-patch.ts';
import type { ModelMetadata, ServiceModel } from './model.ts';

let index: Readonly<Record<string, ModelMetadata>> | undefined;
const loaded = new Map<string, ServiceModel>();

/** The metadata of every service there is a model of: what routing needs, without reading the models. */
export function loadModelIndex(): Readonly<Record<string, ModelMetadata>> {
  index ??= parse(join(packageFolder(), 'models', 'index.json')) as Record<string, ModelMetadata>;
  return index;
}

/** Names of the services there is a model of, sorted; they are the AWS CLI's. */
export function modelNames(): readonly string[] {
  return Object.keys(loadModelIndex());
}

/**
 * The model of a service, read on first use, `models/overrides/<name>.json` merged over it (see {@link merge}).
 * Callers share the value and must not change it. An unknown name is an assertion.
 */
export function loadModel(name: string): ServiceModel {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  assert(Object.hasOwn(loadModelIndex(), name), `there is a model of ${name}`);
  const published = parse(join(packageFolder(), 'models', `${name}.json`));
  const overrides = join(packageFolder(), 'models', 'overrides', `${name}.json`);
  const merged = existsSync(overrides) ? merge(published, parse(overrides)) : published;
  const model = Object.assign(merged as object, { name }) as ServiceModel;
  loaded.set(name, model);
  return model;
}

function parse(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
