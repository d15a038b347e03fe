import { formatArn } from '../../base/arn.ts';
import type { CloudtrailOperations, Tag } from '../../model/gen/cloudtrail.ts';
import type { ContextValues } from '../../policy/request.ts';
import type { Authorisation, AuthorisationScope } from '../../service/service.ts';

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html */
function onTrail(
  action: string,
  name: string,
  { account, region }: AuthorisationScope,
  context?: ContextValues,
) {
  const resource = name.startsWith('arn:') ? name : formatArn('cloudtrail', region, account, `trail/${name}`);
  return [{ action: `cloudtrail:${action}`, resource, ...(context === undefined ? {} : { context }) }];
}

function onAll(action: string) {
  return () => [{ action: `cloudtrail:${action}`, resource: '*' }];
}

function tagKeys(tags: readonly Tag[] = []): ContextValues {
  if (tags.length === 0) return {};
  return {
    'aws:TagKeys': tags.map(({ Key }) => Key),
    ...Object.fromEntries(tags.map(({ Key, Value = '' }) => [`aws:RequestTag/${Key}`, Value])),
  };
}

export const authorisation = {
  LookupEvents: onAll('LookupEvents'),
  CreateTrail: ({ Name, TagsList }, scope) => onTrail('CreateTrail', Name, scope, tagKeys(TagsList)),
  UpdateTrail: ({ Name }, scope) => onTrail('UpdateTrail', Name, scope),
  DeleteTrail: ({ Name }, scope) => onTrail('DeleteTrail', Name, scope),
  GetTrail: ({ Name }, scope) => onTrail('GetTrail', Name, scope),
  DescribeTrails: onAll('DescribeTrails'),
  ListTrails: onAll('ListTrails'),
  GetTrailStatus: ({ Name }, scope) => onTrail('GetTrailStatus', Name, scope),
  StartLogging: ({ Name }, scope) => onTrail('StartLogging', Name, scope),
  StopLogging: ({ Name }, scope) => onTrail('StopLogging', Name, scope),
  PutEventSelectors: ({ TrailName }, scope) => onTrail('PutEventSelectors', TrailName, scope),
  GetEventSelectors: ({ TrailName }, scope) => onTrail('GetEventSelectors', TrailName, scope),
  AddTags: ({ ResourceId, TagsList }, scope) => onTrail('AddTags', ResourceId, scope, tagKeys(TagsList)),
  RemoveTags: ({ ResourceId, TagsList }, scope) =>
    onTrail('RemoveTags', ResourceId, scope, { 'aws:TagKeys': TagsList.map(({ Key }) => Key) }),
  ListTags: ({ ResourceIdList }, scope) => ResourceIdList.flatMap((id) => onTrail('ListTags', id, scope)),
  ListPublicKeys: onAll('ListPublicKeys'),
} satisfies Authorisation<CloudtrailOperations>;
