import type { LogsOperations } from '../../model/gen/logs.ts';
import { passingRole } from '../../service/passing-role.ts';
import type { ActionRequest, Authorisation, AuthorisationScope } from '../../service/service.ts';
import { groupArn, groupNameOf, nameInArn, streamArn } from './group.ts';

interface OfGroup {
  readonly logGroupName?: string | undefined;
  readonly logGroupIdentifier?: string | undefined;
}

/**
 * What concerns a group as a whole is asked for `…:log-group:name:log-stream:`: policies name groups with `:*` behind.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
 */
function onGroup(operation: string) {
  return (input: OfGroup, scope: AuthorisationScope): readonly ActionRequest[] => [
    { action: `logs:${operation}`, resource: streamArn(scope, groupNameOf(input, scope), '') },
  ];
}

function onStream(operation: string) {
  return (
    input: OfGroup & { readonly logStreamName: string },
    scope: AuthorisationScope,
  ): readonly ActionRequest[] => [
    {
      action: `logs:${operation}`,
      resource: streamArn(scope, groupNameOf(input, scope), input.logStreamName),
    },
  ];
}

function onResource(operation: string) {
  return ({ resourceArn }: { readonly resourceArn: string }, scope: AuthorisationScope) => {
    const name = nameInArn(resourceArn, scope);
    return [
      { action: `logs:${operation}`, resource: name === undefined ? resourceArn : groupArn(scope, name) },
    ];
  };
}

function onGroupItself(operation: string) {
  return (input: { readonly logGroupName: string }, scope: AuthorisationScope): readonly ActionRequest[] => [
    { action: `logs:${operation}`, resource: groupArn(scope, input.logGroupName) },
  ];
}

export const authorisation: Authorisation<LogsOperations> = {
  CreateLogGroup: (input, scope) => [
    ...onGroup('CreateLogGroup')(input, scope),
    ...(Object.keys(input.tags ?? {}).length === 0 ? [] : onGroup('TagResource')(input, scope)),
  ],
  DeleteLogGroup: onGroup('DeleteLogGroup'),
  DescribeLogGroups: (_input, scope) => [
    { action: 'logs:DescribeLogGroups', resource: streamArn(scope, '', '') },
  ],
  PutRetentionPolicy: onGroup('PutRetentionPolicy'),
  DeleteRetentionPolicy: onGroup('DeleteRetentionPolicy'),
  CreateLogStream: onStream('CreateLogStream'),
  DeleteLogStream: onStream('DeleteLogStream'),
  DescribeLogStreams: onGroup('DescribeLogStreams'),
  PutLogEvents: onStream('PutLogEvents'),
  GetLogEvents: onStream('GetLogEvents'),
  FilterLogEvents: onGroup('FilterLogEvents'),
  PutSubscriptionFilter: (input, scope) => [
    ...onGroup('PutSubscriptionFilter')(input, scope),
    ...(input.roleArn === undefined
      ? []
      : [passingRole(input.roleArn, 'logs.amazonaws.com', input.destinationArn)]),
  ],
  DescribeSubscriptionFilters: onGroup('DescribeSubscriptionFilters'),
  DeleteSubscriptionFilter: onGroup('DeleteSubscriptionFilter'),
  PutMetricFilter: onGroup('PutMetricFilter'),
  DescribeMetricFilters: (input, scope) => [
    {
      action: 'logs:DescribeMetricFilters',
      resource: streamArn(scope, input.logGroupName ?? '', ''),
    },
  ],
  DeleteMetricFilter: onGroup('DeleteMetricFilter'),
  TestMetricFilter: () => [{ action: 'logs:TestMetricFilter', resource: '*' }],
  StartLiveTail: (input, scope) =>
    input.logGroupIdentifiers.map((logGroupIdentifier) => ({
      action: 'logs:StartLiveTail',
      resource: groupArn(scope, groupNameOf({ logGroupIdentifier }, scope)),
    })),
  TagResource: onResource('TagResource'),
  UntagResource: onResource('UntagResource'),
  ListTagsForResource: onResource('ListTagsForResource'),
  TagLogGroup: onGroupItself('TagLogGroup'),
  UntagLogGroup: onGroupItself('UntagLogGroup'),
  ListTagsLogGroup: onGroupItself('ListTagsLogGroup'),
};
