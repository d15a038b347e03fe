import { validationError } from '../fault.ts';
import type { ValueMap } from '../template/value.ts';

export const SERVERLESS = 'AWS::Serverless-2016-10-31';

export interface ServerlessScope {
  readonly parameters: ReadonlyMap<string, string>;
  readonly region: string;
}

export function transformServerless(_root: ValueMap, _scope: ServerlessScope): ValueMap {
  throw validationError(`No transform named ${SERVERLESS} found.`);
}
