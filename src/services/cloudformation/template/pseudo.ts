import { NO_VALUE } from './intrinsic.ts';
import type { Value } from './value.ts';

/** Where a stack lives, as its pseudo parameters tell. */
export interface StackPlace {
  readonly account: string;
  readonly region: string;
  readonly stackName: string;
  readonly stackId: string;
  readonly notificationArns: readonly string[];
}

const PSEUDO: Readonly<Record<string, (place: StackPlace) => Value | typeof NO_VALUE>> = {
  'AWS::AccountId': ({ account }) => account,
  'AWS::NotificationARNs': ({ notificationArns }) => notificationArns,
  'AWS::NoValue': () => NO_VALUE,
  'AWS::Partition': () => 'aws',
  'AWS::Region': ({ region }) => region,
  'AWS::StackId': ({ stackId }) => stackId,
  'AWS::StackName': ({ stackName }) => stackName,
  'AWS::URLSuffix': () => 'amazonaws.com',
};

export function isPseudoParameter(name: string): boolean {
  return Object.hasOwn(PSEUDO, name);
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html */
export function pseudoParameter(name: string, place: StackPlace): Value | typeof NO_VALUE | undefined {
  return Object.hasOwn(PSEUDO, name) ? PSEUDO[name]?.(place) : undefined;
}
